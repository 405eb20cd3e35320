#!/bin/sh
# Brings Temporal's two schemas to the version of this image. Repeatable: an existing schema is only moved forward.
# SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD and SQL_PLUGIN come from the environment.
set -eu

versions=/etc/temporal/schema/postgresql/v12

temporal-sql-tool --database temporal setup-schema --version 0.0
temporal-sql-tool --database temporal update-schema --schema-dir "$versions/temporal/versioned"

temporal-sql-tool --database temporal_visibility setup-schema --version 0.0
temporal-sql-tool --database temporal_visibility update-schema --schema-dir "$versions/visibility/versioned"

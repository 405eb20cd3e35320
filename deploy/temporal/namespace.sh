#!/bin/sh
# Makes the namespace, keeps its retention as configured, and names the search attributes. Repeatable.
# TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and NAMESPACE_RETENTION come from the environment.
set -eu

tries=0
until temporal operator cluster health; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ]; then
        echo "Temporal at $TEMPORAL_ADDRESS is not healthy" >&2
        exit 1
    fi
    sleep 2
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION"
else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION"
fi

# One name at a time: of several, the CLI (1.9.1) adds the first only. Adding a name that exists changes nothing. The
# frontend learns of a new namespace a moment later, so the first try may come too early.
for attribute in BillStatus BillType BillProvider BillTransactionId; do
    tries=0
    until temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --type Keyword --name "$attribute"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 30 ]; then
            echo "the search attribute $attribute could not be created in $TEMPORAL_NAMESPACE" >&2
            exit 1
        fi
        sleep 2
    done
done

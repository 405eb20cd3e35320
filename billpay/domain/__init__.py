"""The rules of the business, pure: the standard library and pydantic only."""

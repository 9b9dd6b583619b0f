"""Raw -> warehouse: dbt as assets. Here stands only how dbt is imported, the largest part of a small refresh."""

from mashumaro.config import BaseConfig

# dbt's classes make the code that reads and writes them when they are first used, and most never are.
BaseConfig.lazy_compilation = True

"""Raw -> warehouse: what a dbt run is handed, and what it has done. The models themselves are in `dbt_project`."""

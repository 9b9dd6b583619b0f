{# Rows of these models that share the grain of another, or have a null in it: `meta.grain` of each model says its
columns, `meta.grain_within` the rows that a run can have changed. One statement for a layer, as a node costs more than
what it asks. #}
{% macro rows_beyond_their_grain(models) %}
    {%- for name in models %}
        {%- set relation = ref(name) %}
        {%- set meta = graph.nodes['model.' ~ project_name ~ '.' ~ name].config.meta if execute else {'grain': ['1']} %}
        {%- set columns = meta['grain'] | join(', ') %}
        select '{{ name }}' as relation, concat_ws(', ', {{ columns }}) as grain, count(*) as row_count
        from {{ relation }}
        {% if meta.get('grain_within') %} where {{ meta['grain_within'] }} {% endif %}
        group by {{ columns }}
        having count(*) > 1 {% for column in meta['grain'] %} or {{ column }} is null {% endfor %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
{% endmacro %}

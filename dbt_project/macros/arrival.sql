{# Arrival order is total: when it arrived, then the file, then the line. Every tie ends here. #}
{% macro arrival_order(direction='asc') -%}
    received_at {{ direction }}, source_file {{ direction }}, source_line {{ direction }}
{%- endmacro %}

{# Older than any event that the extraction accepts. #}
{% macro before_any_event() -%} cast('2000-01-01' as timestamp) {%- endmacro %}

{#
  The rows of a CTE that came first under their keys, by an order that ends in their place: the columns that tell all of
  its rows apart. Nearly every row is alone under its keys, so only the others are put in order: sorting all of them, wide
  as they are, took five times as long. Rows with a null among their keys all stay: for keys that have none, or whose nulls
  are joined to nothing.
#}
{% macro first_arrivals(arrivals, keys, place, order) -%}
    select arrivals.*
    from {{ arrivals }} as arrivals
    left join (
        select
            {{ place | join(', ') }},
            row_number() over (partition by {{ keys | join(', ') }} order by {{ order }}) as arrival_number
        from {{ arrivals }}
        inner join (
            select {{ keys | join(', ') }} from {{ arrivals }}
            group by {{ keys | join(', ') }}
            having count(*) > 1
        ) as repeated using ({{ keys | join(', ') }})
    ) as ranked
        on
            ranked.arrival_number > 1
            {%- for column in place %}
            and arrivals.{{ column }} = ranked.{{ column }}
            {%- endfor %}
    where ranked.arrival_number is null
{%- endmacro %}

{# One row per combination of the columns, and none of them null: the grain that a model's description promises. #}
{% test unique_grain(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
    {% for column in columns %} or {{ column }} is null {% endfor %}
{% endtest %}

{# An amount as sent, in whole currency at four places. Amounts are sent in units of the currency or in cents. #}
{% macro whole_currency(amount, unit) -%}
    cast(case when {{ unit }} = 'cents' then {{ amount }} * 0.01 else {{ amount }} end as decimal(18, 4))
{%- endmacro %}

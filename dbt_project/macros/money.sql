{# An amount as sent, in whole currency at four places. Amounts are sent in units of the currency or in cents. #}
{% macro whole_currency(amount, unit) -%}
    {%- set money = 'decimal(18, 4)' -%}
    case when {{ unit }} = 'cents' then cast({{ amount }} * 0.01 as {{ money }}) else cast({{ amount }} as {{ money }}) end
{%- endmacro %}

{# An amount as sent, in whole currency at four places. Amounts are sent in units of the currency or in cents. #}
{% macro whole_currency(amount, unit) -%}
    case when {{ unit }} = 'cents' then cast({{ amount }} * 0.01 as decimal(18, 4)) else cast({{ amount }} as decimal(18, 4)) end
{%- endmacro %}

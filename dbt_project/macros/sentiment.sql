{# Scores live in decimals, so that a sum does not depend on the order of its rows; twelve places, so that thirds add up. #}
{% macro score_type() -%} decimal(18, 12) {%- endmacro %}

{# A sum over any number of conversations. #}
{% macro score_sum_type() -%} decimal(38, 12) {%- endmacro %}

{# Mean of a score sum: exact sum, one division. Null where nothing was scored. #}
{% macro mean_score(score_sum, scored) -%}
    cast({{ score_sum }} as double) / nullif({{ scored }}, 0)
{%- endmacro %}

{# A conversation's mean as a decimal, so that means can be summed in any order. #}
{% macro conversation_sentiment(score_sum, scored) -%}
    cast({{ score_sum }} / nullif({{ scored }}, 0) as decimal(18, 12))
{%- endmacro %}

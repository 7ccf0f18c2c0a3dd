"""Parts of networks that three models or more share, in torch; everything else stands in the file of its paper.

Read `causal_attention`: what each place takes from the places before it, for every Transformer here; `decoder_shape` checks their settings,
`attention_weights` says where one looks.
"""

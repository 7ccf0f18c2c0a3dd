"""Piano as it was played, to ids and back.

Read `performance` (the encoding), `layout` (which id means what), `codes` (notes to ids in whole arrays) and `grammar`; then what is
told beforehand (`controls`, `melody`, and `promises`, which sees to it), what is done with a beginning (`adapted`, `resumed`),
and where each id stands in the music (`moments`).
"""

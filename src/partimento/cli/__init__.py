"""The command `partimento`: people's words in, files and plain sentences out.

`main` holds the table verb -> function; a verb lives in a file of its own, is imported when it is called, and imports
what is heavy inside the function, so that `--help` answers at once. A verb's options are its function's parameters,
documented there. It prints lines for people or, with `--json`, exactly one JSON object on stdout; progress goes to
stderr and only to a terminal. The library below never prints and never exits: errors arrive here as one
`PartimentoError` and leave as one line.

Exit status: 0 done, 1 the input or the machine would not allow it, 2 wrong usage, 130 interrupted. Output files appear
whole or not at all. Lengths are in bars or seconds, tempos in quarter notes per minute, rates in hertz.

Read in this order: `main`, `output` (what a verb prints), `compose` with `piece_files`, `train` with `training_run`,
`convert`, `render`, `models`, `corpus`.
"""

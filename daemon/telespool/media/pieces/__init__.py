"""Pieces that are encoded each by itself: several at once here, and on other machines.

    spans      which ranges of time there are, and the frames each must hold; none where only one run can do it
    packets    the packets of the source that one piece needs, in a file of their own
    encoding   the command line that makes a piece of them, from standard input to standard output
    answer     what came back: checked, and cut to the piece
    helper     another machine, by ssh: what it is asked, what it answered, when it is asked again
    slots      who takes which piece

A piece is a file of `segments` in any case: who made it leaves no trace, and one that was lost is not there.
"""

"""Whether everything is right: each check looks at one thing and says what to do where it is not.

    findings = [finding async for finding in examine(path)]

A finding is `ok`, `note` (it works, but somebody should know), or `wrong`. Nothing is changed: what is made for a
trial lies in a directory of its own and is removed. No error leaves a check; one that fails in a way nobody thought
of is a finding too.
"""

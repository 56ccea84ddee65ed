"""Hides secrets in the bytes of a log: which bytes, by which rule. Independent of files, settings and Django.

Hidden bytes are replaced by as many, so that offsets stay exact, and line ends stay. Whether a byte is hidden follows
from a bounded neighbourhood of it alone (`neighbourhood`), so the result is the same however a file is cut into reads.
"""

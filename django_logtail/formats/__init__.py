"""What a line of a log says: time, level, logger, message, and the entry it belongs to. Independent of Django and
files.

One table (`static/logtail/formats/table.js`, behind its comment plain JSON) is read by the host, here, and by the page.
Both readers have the same modules (the page's in `static/logtail/formats`) and read
`tests/formats/conformance.jsonl` alike:

| here | the page | |
| --- | --- | --- |
| `rows` | `rows.js` | the rows of the table, made ready to be matched |
| `fields` | `fields.js` | what lines of JSON and of pairs say |
| `heads` | `heads.js` | the head of one line |
| `moments` | `moments.js` | written times as moments |
| `detection` | `detection.js` | which formats a log has |
| `context` | `context.js` | lines as entries, read in order |

To read a log: `formats = detect(first_lines, last_lines)`, then `read(line, context)` for one line after another, with
a `Context(formats)` that lasts as long as the lines follow one another. Lines are text without their ends; escape
sequences are left out by `heads.shown` first.
"""

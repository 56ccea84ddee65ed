"""What a line of a log says: time, level, logger, message, and its entry. Independent of Django and of files.

One table (`static/logtail/formats/table.js`, plain JSON after its comment) is used by the host, here, and by the page.
Both have the same modules (the page's are in `static/logtail/formats`) and pass the same
`tests/formats/conformance.jsonl`:

| here | the page | |
| --- | --- | --- |
| `rows` | `rows.js` | the rows of the table, ready for matching |
| `fields` | `fields.js` | what lines of JSON and of pairs say |
| `heads` | `heads.js` | the head of one line |
| `shape` | `shape.js` | the fields of a line, by name |
| `field_terms` | `../find/field-test.js` | whether a line has a field of a name and a value |
| `moments` | `moments.js` | written times as moments |
| `detection` | `detection.js` | which formats a log has |
| `context` | `context.js` | lines as entries, read in order |

To read a log: `formats = detect(first_lines, last_lines)`, then `read(line, context)` for one line after another, with
a new `Context(formats)` wherever lines don't follow one another. Lines are text without line endings; pass them through
`heads.shown` first, which removes escape sequences.
"""

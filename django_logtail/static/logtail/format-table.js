/**
 * What is known of the formats of logs: one table, read by the page and by the host (`django_logtail.formats`).
 *
 * Behind `export default` stands JSON and nothing else, for Python reads it too. A row says how an entry begins: a
 * regular expression in which `{NAME}` stands for one of `parts`, and `<time>`, `<level>`, `<logger>` and so on for
 * what is captured. It holds no other groups that capture, and nothing that Python and JavaScript read differently:
 * no `.`, `\s`, `\b`, `$` inside, no back reference, no look-behind, and no repetition without a bound.
 *
 * `docs/explanation/formats.md` says how to add a program.
 */

export default {
  "words": {
    "D": ["TRACE", "TRAC", "TRC", "TRCE", "DEBUG", "DEBU", "DBG", "DBUG", "FINE", "FINER", "FINEST", "VERBOSE", "VRB", "CONFIG", "SILLY", "TRACE1", "TRACE2", "TRACE3", "TRACE4", "TRACE5", "TRACE6", "TRACE7", "TRACE8", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "调试", "調試", "デバッグ", "디버그"],
    "I": ["INFO", "INF", "INFORMATION", "INFORMATIONAL", "NOTICE", "SUCCESS", "信息", "訊息", "情報", "정보", "通知"],
    "W": ["WARN", "WARNING", "WRN", "WARNG", "警告", "경고"],
    "E": ["ERROR", "ERRO", "ERR", "SEVERE", "CRITICAL", "CRIT", "FATAL", "FATA", "FTL", "PANIC", "PANI", "PNC", "EMERG", "EMERGENCY", "ALERT", "EXCEPTION", "错误", "錯誤", "エラー", "오류", "严重", "致命"]
  },
  "maps": {
    "letter": { "T": "D", "V": "D", "D": "D", "I": "I", "N": "I", "W": "W", "E": "E", "F": "E", "C": "E", "A": "E" },
    "redis": { ".": "D", "-": "I", "*": "I", "#": "W" },
    "mysql": { "Note": "I", "System": "I", "Warning": "W", "ERROR": "E", "Error": "E" },
    "postgres": { "LOG": "I", "INFO": "I", "NOTICE": "I", "WARNING": "W", "ERROR": "E", "FATAL": "E", "PANIC": "E", "DEBUG": "D", "DEBUG1": "D", "DEBUG2": "D", "DEBUG3": "D", "DEBUG4": "D", "DEBUG5": "D" },
    "php": { "Fatal error": "E", "Parse error": "E", "Recoverable fatal error": "E", "Catchable fatal error": "E", "Core error": "E", "Compile error": "E", "User Error": "E", "Warning": "W", "User Warning": "W", "Core Warning": "W", "Notice": "I", "User Notice": "I", "Deprecated": "I", "User Deprecated": "I", "Strict Standards": "I" },
    "dotnet": { "trce": "D", "dbug": "D", "info": "I", "warn": "W", "fail": "E", "crit": "E" },
    "severity": { "0": "E", "1": "E", "2": "E", "3": "E", "4": "W", "5": "I", "6": "I", "7": "D" }
  },
  "numbers": {
    "pino": [[10, "D"], [30, "I"], [40, "W"], [50, "E"]],
    "python": [[1, "D"], [20, "I"], [30, "W"], [40, "E"]],
    "monolog": [[100, "D"], [200, "I"], [300, "W"], [400, "E"]],
    "google": [[0, "O"], [100, "D"], [200, "I"], [400, "W"], [500, "E"]],
    "otel": [[1, "D"], [9, "I"], [13, "W"], [17, "E"]],
    "log4j": [[5000, "D"], [20000, "I"], [30000, "W"], [40000, "E"]],
    "syslog": [[0, "E"], [4, "W"], [5, "I"], [7, "D"]]
  },
  "keys": {
    "level": [
      ["level", "any"], ["levelname", "any"], ["level_name", "any"], ["severity", "any"], ["severityText", "any"], ["severity_text", "any"],
      ["log.level", "any"], ["loglevel", "any"], ["LogLevel", "any"], ["lvl", "any"], ["@l", "any"], ["@level", "any"], ["record.level.name", "any"],
      ["s", "letter"], ["levelno", "python"], ["level_number", "python"], ["level_value", "log4j"], ["severityNumber", "otel"], ["severity_number", "otel"],
      ["PRIORITY", "syslog"], ["at", "any"]
    ],
    "time": [
      "time", "timestamp", "@timestamp", "ts", "t", "t.$date", "@t", "asctime", "datetime", "date", "eventTime", "observedTimestamp", "timeUnixNano", "created_at", "created",
      "timeMillis", "instant.epochSecond", "record.time.timestamp", "__REALTIME_TIMESTAMP", "time_local", "time_iso8601", "StartUTC"
    ],
    "logger": ["logger", "logger_name", "loggerName", "log.logger", "name", "channel", "component", "module", "target", "SourceContext", "Category", "c", "@module", "@logger", "SYSLOG_IDENTIFIER", "record.name"],
    "message": ["message", "msg", "event", "short_message", "body", "@m", "@mt", "@message", "MESSAGE", "fields.message", "record.message", "text", "MessageTemplate", "textPayload", "Message"]
  },
  "zones": {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "IST": 330, "SGT": 480, "HKT": 480,
    "JST": 540, "KST": 540, "AWST": 480, "ACST": 570, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420,
    "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "HST": -600, "BRT": -180, "ART": -180
  },
  "parts": {
    "MON": "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "DAY": "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "FRAC": "(?:[.,]\\d{1,9}|:\\d{3}(?!\\d))?",
    "CLOCK": "\\d\\d?(?::\\d\\d:\\d\\d{FRAC}|\\.\\d\\d\\.\\d\\d{FRAC})",
    "MINUTE": "\\d\\d?(?::\\d\\d(?::\\d\\d{FRAC})?|\\.\\d\\d\\.\\d\\d{FRAC})",
    "ZONE": "(?: {0,1}(?:Z|[+-]\\d\\d:?\\d\\d|UTC|GMT|WET|WEST|BST|CET|CEST|EET|EEST|MSK|IST|SGT|HKT|JST|KST|AWST|ACST|AEST|AEDT|NZST|NZDT|EST|EDT|CST|CDT|MST|MDT|PST|PDT|AKST|HST|BRT|ART)(?![A-Za-z0-9])|[+-]\\d\\d(?![\\d:.-])| (?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]{1,20}(?:/[A-Za-z_]{1,20})?)?",
    "APM": "(?: ?[AaPp][Mm](?![A-Za-z]))?",
    "END": "(?=[ \\t\\]\\[:/|,;)>+!\uff1a\u3011\u300d]|$)",
    "AFTERTIME": "(?![.,]\\d|:\\d\\d(?!\\d|\\.\\d{1,3}\\.))(?=[ \\t\\]\\[:|,;)>\"{<-]|[\u3010\u3011]|$)",
    "SEP": "[ \\t:|,;-]",
    "BR": "\\[[^\\[\\]]{0,80}\\]",
    "DOTTED": "[\\w$]{1,64}(?:(?:\\.|::)[\\w$-]{1,64}){1,12}(?=[ \\t\\]|,;)]|:(?!:)|$)",
    "TOK": "(?:{BR}|\\([^()]{0,64}\\)|\\{[^{}]{0,64}\\}|<[\\d.]{1,20}>|\\d{1,20}(?:#\\d{1,20})?(?=[ \\t\\]:|,;-])|\\w{1,32}=[^ \\t]{0,160}(?=[ \\t]|$)|[0-9a-f]{2,32}(?:-[0-9a-f]{1,32}){1,8}(?=[ \\t])|0x[0-9a-f]{1,16}|{DOTTED})",
    "BETWEEN": "(?:{SEP}{0,8}{TOK}){0,8}{SEP}{0,8}",
    "OPEN": "[\\[(<\u3010]?",
    "CLOSE": "[\\])>\u3011]?",
    "AFTER": "[ \\t:|\\]>)+\u3011\uff1a-]{0,12}(?:\\d{1,10} {1,2})?(?:--- )?(?:\\[[^\\[\\].]{0,64}\\] {1,4}(?={NAMED}))?(?:\\[(?={NAMED}))?",
    "NAMED": "(?:[A-Za-z_$][\\w$-]{0,63}(?:(?:\\.|::|/)[\\w$<>-]{1,64}){1,12}(?=[ \\t:|\\]]|$)|[A-Za-z_][\\w-]{0,63}(?=:))",
    "REST": "(?:\\]|:\\d{1,6}(?![\\d:]))?(?:[ \\t]{0,60}[:|-](?=[ \\t]|$)|[:|](?=[^ \\t:|]))?[ \\t]{0,12}",
    "HOST": "(?!{LEVELS}[ :])\\w[\\w.:-]{0,127}",
    "PROG": "[\\w./@()-]{1,80}(?:\\[[\\w.-]{1,20}\\])?"
  },
  "times": {
    "any": "(?:(?:{DAY},? )?\\d{4}[-/.]\\d\\d?[-/.]\\d\\d?(?:[T_]| {1,2}|, ){MINUTE}{APM}{ZONE}|\\d{4}\u5e74\\d\\d?\u6708\\d\\d?\u65e5 {0,2}{MINUTE}|\\d\\d?/{MON}/\\d{4}[: ]{CLOCK}(?: [+-]\\d{4})?|(?:{DAY},? )?\\d\\d?[- ]{MON}[- ]\\d{4}(?:::|,? ){CLOCK}{APM}{ZONE}|(?:{DAY},? )?{MON} {1,2}\\d\\d?(?:,? \\d{4},?)? {CLOCK}{APM}(?: \\d{4}(?!\\d))?{ZONE}|\\d{4} {MON} {1,2}\\d\\d? {CLOCK}|\\d\\d?[/.-]\\d\\d?[/.-]\\d{2}(?:\\d\\d)?,? {1,2}{MINUTE}{APM}{ZONE}|\\d\\d-\\d\\d[ |]\\d\\d:\\d\\d:\\d\\d\\.\\d{3,6}|20\\d{6}T\\d{6}{FRAC}{ZONE}|20\\d{6}[ -]{CLOCK}{ZONE}|20\\d\\d[01]\\d[0-3]\\d[0-2]\\d[0-5]\\d[0-5]\\d(?!\\d)|\\d{6} {1,2}\\d\\d?:\\d\\d:\\d\\d|\\d\\d?:\\d\\d:\\d\\d{FRAC}{APM}{ZONE}|\\d\\d?:\\d\\d ?[AP]M(?![A-Za-z]))",
    "iso": "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d{FRAC}{ZONE}",
    "zoned": "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d{FRAC}(?:Z|[+-]\\d\\d:?\\d\\d)",
    "clf": "\\d\\d?/{MON}/\\d{4}[: ]\\d\\d:\\d\\d:\\d\\d{FRAC}(?: [+-]\\d{4})?",
    "syslog": "{MON} {1,2}\\d\\d?(?: \\d{4})? \\d\\d:\\d\\d:\\d\\d{FRAC}",
    "full": "{DAY} \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d{FRAC} [A-Z]{2,5}",
    "klog": "(?:20\\d\\d)?[01]\\d[0-3]\\d \\d\\d:\\d\\d:\\d\\d{FRAC}",
    "chromium": "[01]\\d[0-3]\\d/\\d{6}\\.\\d{1,6}",
    "clock": "\\d\\d:\\d\\d:\\d\\d{FRAC}",
    "epoch": "[12]\\d{9}(?:\\.\\d{1,9}|\\d{3}(?:\\.\\d{1,6})?|\\d{6}|\\d{9})?(?![\\d.])",
    "fraction": "[12]\\d{9}\\.\\d{1,9}(?![\\d.])"
  },
  "levels": {
    "near": ["error", "warn", "warning", "info", "debug", "critical", "fatal", "trace"],
    "said": ["error", "warn", "warning", "info", "debug", "critical", "notice", "trace", "crit", "alert", "emerg", "verbose", "silly", "dbug", "trce", "fail", "Error", "Warning", "Info", "Debug", "Critical", "Fatal", "Notice", "Trace", "Information", "Verbose"],
    "named": ["error", "warning", "warn", "info", "debug", "critical", "notice", "Error", "Warning", "Fatal", "Panic", "Info", "Debug", "ERROR", "WARNING"],
    "ruby": ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "ANY", "UNKNOWN"],
    "npm": ["ERR", "WARN", "error", "warn", "notice", "info", "verb", "http", "timing"]
  },
  "wrappers": [
    { "id": "cri", "name": "Kubernetes (CRI)", "first": "0", "head": "<time:zoned> (?:stdout|stderr) [FP] ", "of": "lines" },
    { "id": "compose", "name": "Docker Compose", "first": "Aa_", "head": "(?!{LEVELS} )[A-Za-z_][\\w.-]{0,63} {1,40}\\| {0,1}", "of": "lines" },
    { "id": "pm2", "name": "PM2", "first": "0", "head": "\\d{1,4}\\|[\\w.-]{1,32} {1,32}\\| {0,1}", "of": "lines" },
    { "id": "kubectl", "name": "kubectl logs --prefix", "first": "[", "head": "\\[(?:pod|deployment|service)/[\\w./-]{1,160}\\] ", "of": "lines" },
    { "id": "foreman", "name": "foreman, honcho", "first": "0", "head": "<time:clock> [\\w.-]{1,32} {0,32}\\| ", "of": "lines" },
    { "id": "heroku", "name": "Heroku", "first": "0", "head": "<time:zoned> (?:app|heroku)\\[[\\w.-]{1,32}\\]: ", "of": "lines" },
    { "id": "lines-with-time", "name": "docker logs -t", "first": "0", "head": "<time:zoned> (?=\\{\"|{OPEN}(?:\\d{4}[-/.]\\d\\d|\\d\\d?[:/]\\d\\d|\\d\\d? {MON} |{MON} {1,2}\\d)|[IWEF]\\d{4} \\d\\d:\\d\\d:)", "of": "lines" },
    { "id": "syslog-5424", "name": "syslog (RFC 5424)", "first": "<", "head": "\\<<pri>\\>\\d{1,2} <time:iso?>-? [^ ]{1,255} <logger:word> [^ ]{1,128} [^ ]{1,32} (?:-|(?:\\[[^\\]]{0,400}\\]){1,4}) ?\ufeff?", "of": "messages" },
    { "id": "syslog-priority", "name": "syslog (RFC 3164)", "first": "<", "head": "\\<<pri>\\><time:syslog> {1,2}{HOST} <logger:program>(?:\\[[\\w.-]{1,20}\\])?: ", "of": "messages" },
    { "id": "syslog", "name": "syslog (RFC 3164), journald", "first": "A", "head": "<time:syslog> {1,2}{HOST} <logger:program>(?:\\[[\\w.-]{1,20}\\])?: ", "of": "messages" },
    { "id": "syslog-full", "name": "journald (short-full)", "first": "A", "head": "<time:full> {HOST} <logger:program>(?:\\[[\\w.-]{1,20}\\])?: ", "of": "messages" },
    { "id": "syslog-iso", "name": "syslog (ISO times), journald (short-iso)", "first": "0", "head": "<time:zoned> {HOST} <logger:program>(?:\\[[\\w.-]{1,20}\\])?: ", "of": "messages" },
    { "id": "syslog-unix", "name": "journald (short-unix)", "first": "0", "head": "<time:fraction> {HOST} <logger:program>\\[\\d{1,10}\\]: ", "of": "messages" },
    { "id": "syslog-uptime", "name": "journald (short-monotonic)", "first": "[", "head": "\\[ {0,8}\\d{1,10}\\.\\d{6}\\] {HOST} <logger:program>\\[\\d{1,10}\\]: ", "of": "messages" }
  ],
  "rows": [
    { "id": "kern", "name": "Kernel", "first": "[", "head": "\\[ {0,8}\\d{1,10}\\.\\d{3,6}\\] " },
    { "id": "access", "name": "Access log", "first": "0Aa_:-*", "head": "(?:[^ \"\\[]{1,255} ){3,4}\\[<time:clf>\\] \"(?:[^\"\\\\]|\\\\[^\\n]){0,8192}\" <status>(?= |$)", "long": true },
    { "id": "access-time", "name": "Access log", "first": "[", "head": "\\[<time>\\] (?:[\\w.:-]{1,64} - )?\"(?:[^\"\\\\]|\\\\[^\\n]){0,8192}\" <status>(?= |$)", "long": true },
    { "id": "uwsgi", "name": "uWSGI", "first": "[", "head": "\\[pid: [^\\]]{1,80}\\] [^\\[]{0,300}\\[<time>\\] [A-Z]{1,10} [^ ]{1,2048} => [^\\n]{0,80}\\(HTTP/[\\d.]{1,3} <status>\\)", "long": true },
    { "id": "postgres", "name": "PostgreSQL", "first": "0<[", "head": "[<\\[]? ?<time> ?[\\]>]?[ :]{0,2}(?:(?!(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)[ :])[^ \"]{1,120} ){0,8}?(?:[^ \"]{0,160}[:\\]>])?<level:postgres>:  ", "map": "postgres" },
    { "id": "postgres", "part": true, "first": "0<[", "head": "[<\\[]? ?<time> ?[\\]>]?[ :]{0,2}(?:(?!(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)[ :])[^ \"]{1,120} ){0,8}?(?:[^ \"]{0,160}[:\\]>])?(?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION|BACKTRACE):  " },
    { "id": "mysql", "name": "MySQL, MariaDB", "first": "0", "head": "<time> {1,3}\\d{1,12} \\[<level:mysql>\\] (?:\\[MY-\\d{1,8}\\] )?(?:\\[(?=[\\w -]{1,40}\\] ))?<logger:bracketed?>(?:\\] )?", "map": "mysql" },
    { "id": "mysql", "first": "0", "head": "<time> \\[<level:mysql>\\] ", "map": "mysql" },
    { "id": "redis", "name": "Redis, Valkey", "first": "0", "head": "\\d{1,10}:[A-Z] <time> <level:sign> ", "map": "redis" },
    { "id": "redis", "first": "[", "head": "\\[\\d{1,10}\\] <time> <level:sign> ", "map": "redis" },
    { "id": "redis", "first": "0", "own": true, "head": "\\d{1,10}:signal-handler \\(<time:epoch>\\) ", "level": "W" },
    { "id": "mongodb", "name": "MongoDB (text)", "first": "0", "head": "<time> <level:letter> {1,2}<logger:word> {1,12}\\[[^\\]]{1,64}\\] ", "map": "letter" },
    { "id": "klog", "name": "klog, glog", "first": "IWEFD", "head": "<level:letter><time:klog> {1,8}\\d{1,20} <logger:word>\\] ", "map": "letter" },
    { "id": "logcat", "name": "Android logcat", "first": "0", "head": "<time> {1,6}\\d{1,10} {1,6}\\d{1,10} <level:letter> <logger:tag>: ", "map": "letter" },
    { "id": "logcat", "first": "VDIWEF", "head": "<level:letter>/<logger:tag>\\( {0,6}\\d{1,10}\\): ", "map": "letter" },
    { "id": "chromium", "name": "Chromium", "first": "[", "head": "\\[\\d{1,10}:\\d{1,10}:<time:chromium>:<level:upper>:<logger:word>\\] " },
    { "id": "tornado", "name": "Tornado, Jupyter", "first": "[", "head": "\\[<level:letter> <time> <logger:word>\\] ", "map": "letter" },
    { "id": "telegraf", "name": "Telegraf", "first": "0", "head": "<time> <level:letter>! (?:\\[(?=[\\w.:-]{1,40}\\] ))?<logger:bracketed?>(?:\\] )?", "map": "letter" },
    { "id": "ruby", "name": "Ruby logger", "first": "DIWEFA", "head": "[DIWEFA], \\[<time>(?: #\\d{1,10})?\\] {1,2}<level:ruby> -- <logger:tag?>: " },
    { "id": "monolog", "name": "Laravel, Monolog", "first": "[", "head": "\\[<time>\\] <logger:word>\\.<level:upper>: " },
    { "id": "celery", "name": "Celery", "first": "[", "head": "\\[<time>: <level:upper>/[^\\]]{1,64}\\] <logger:task?>(?:(?:\\[[\\w-]{1,64}\\])?: )?" },
    { "id": "twisted", "name": "Twisted", "first": "0", "head": "<time> \\[<logger:hash>#<level>\\] " },
    { "id": "apache", "name": "Apache httpd, error log", "first": "[", "head": "\\[<time>\\] \\[<logger:word>:<level>\\] (?:\\[pid [^\\]]{1,40}\\] )?(?:\\[client [^\\]]{1,80}\\] )?" },
    { "id": "apache", "first": "[", "head": "\\[(?=[A-Z])<time>\\] \\[<level>\\] (?:\\[pid [^\\]]{1,40}\\] )?(?:\\[client [^\\]]{1,80}\\] )?" },
    { "id": "nginx", "name": "nginx, error log", "first": "0", "head": "<time> \\[<level>\\] \\d{1,10}#\\d{1,10}: (?:\\*\\d{1,12} )?" },
    { "id": "php", "name": "PHP", "first": "[", "head": "\\[<time>\\] PHP <level:php>: {1,2}", "map": "php" },
    { "id": "php", "part": true, "first": "[", "head": "\\[<time>\\] PHP (?:Stack trace:| {2,4}\\d{1,4}\\. )" },
    { "id": "php-cli", "name": "PHP", "first": "P", "head": "PHP <level:php>: {1,2}", "map": "php" },
    { "id": "php-cli", "part": true, "first": "P", "head": "PHP (?:Stack trace:| {2,4}\\d{1,4}\\. )" },
    { "id": "odoo", "name": "Odoo", "first": "0", "head": "<time> \\d{1,10} <level:upper> [\\w?.-]{1,64} <logger:dotted>: " },
    { "id": "loguru", "name": "loguru", "first": "0", "head": "<time> \\| <level:upper> {0,10}\\| <logger:word> - " },
    { "id": "bind", "name": "BIND", "first": "0", "head": "<time> <logger:word>: <level:named>: " },
    { "id": "minecraft", "name": "Time, thread and level", "first": "[", "head": "\\[<time>\\] \\[[^\\]/\\[]{1,48}/<level:upper>\\]:? {0,2}" },
    { "id": "rq", "name": "RQ", "first": "0", "head": "<time:clock> (?=Worker [\\w:.-]{1,80}[: ]|\\*\\*\\* Listening|Cleaning registries|Result (?:is kept|will never|discarded)|Subscribing to channel|Unsubscribing|Registering birth|Warm shut down|Stopping|[\\w:-]{1,64}: (?:Job OK|[\\w.]{1,160}\\([^\\n]{0,300}\\) \\([\\w-]{1,64}\\)|Successfully completed))", "level": "I" },
    { "id": "rq", "first": "0", "head": "<time:clock> (?=\\[Job [\\w-]{1,64}\\]: exception|[\\w:-]{1,64}: Moving job)", "level": "E" },
    { "id": "rich", "name": "rich", "first": "[", "head": "\\[<time>\\] {1,2}<level:upper> {1,8}(?=[^\\n]{1,400} [\\w.-]{1,64}\\.py:\\d{1,6} {0,4}$)" },
    { "id": "rich", "blank": true, "first": " ", "head": " {9,24}<level:upper> {1,8}(?=[^ \\n][^\\n]{0,400} [\\w.-]{1,64}\\.py:\\d{1,6} {0,4}$)" },
    { "id": "jul", "name": "java.util.logging", "first": "A", "head": "<time> (?!{LEVELS} )<logger:dotted> [\\w$<>]{1,64}$", "follows": true },
    { "id": "erlang", "name": "Erlang", "first": "=", "head": "={1,4}<level:upper> REPORT={1,4} <time> ={1,4}" },
    { "id": "time-name-level", "name": "Time, logger, level", "first": "0[(<", "head": "{OPEN}<time>{CLOSE} {0,4}[-|:] {0,4}<logger:word> {0,24}[-|:] {0,4}\\[?<level>(?=\\]? {0,8}[-|:])\\]? {0,8}[-|:] {0,4}" },
    { "id": "time-bracket", "name": "Time and level", "first": "0[(<A", "head": "{OPEN}<time>{CLOSE}{BETWEEN}[\\[(<\u3010\uff3b] {0,4}<level> {0,10}[\\])>\u3011\uff3d]{AFTER}<logger?>{REST}" },
    { "id": "time-level", "name": "Time and level", "first": "0[(<A", "head": "{OPEN}<time>{CLOSE}{BETWEEN}\\[?<level:upper>{END}{AFTER}<logger?>{REST}" },
    { "id": "time-near", "name": "Time and level", "first": "0[(<A", "head": "{OPEN}<time>{CLOSE}[ \\t:|,;-]{1,8}<level:near>(?=[ \\t:|,]|$)[ \\t:|-]{0,8}" },
    { "id": "time-near", "first": "0[(<A", "head": "{OPEN}<time>{CLOSE}{BETWEEN}<level:said>: {1,4}" },
    { "id": "time-word-level", "name": "Time, logger, level", "first": "0[(<A", "head": "{OPEN}<time>{CLOSE} {1,4}(?!(?:an?|the|no|one|got|had|has|with|of|in|on|is|was|are|were|to|and|or|for|from|all|some|this|that|by|as|at|if|it|its|not|last|first|after|before) )<logger:lower>:? {1,4}(?:- )?\\[?<level:upper>{END}[ \\t:|\\]-]{0,8}" },
    { "id": "epoch-level", "name": "Epoch and level", "first": "12[", "head": "\\[?<time:epoch>\\]?{BETWEEN}[\\[(<]? {0,4}<level:upper>{END}{AFTER}<logger?>{REST}" },
    { "id": "time", "name": "Time", "first": "0[(<A", "head": "{OPEN}<time>{CLOSE}[ \\t:|-]{0,8}", "pairs": true },
    { "id": "epoch", "name": "Epoch", "first": "12[", "head": "(?:\\[<time:epoch>\\]) {1,8}" },
    { "id": "epoch", "first": "12", "head": "<time:fraction> {1,8}" },
    { "id": "lambda", "name": "AWS Lambda", "first": "[", "head": "\\[<level>\\][ \\t]{1,4}\\[?<time>\\]?(?:[ \\t]{1,4}[0-9a-f]{2,32}(?:-[0-9a-f]{1,32}){1,8}(?=[ \\t]))?[ \\t]{0,8}" },
    { "id": "verbose", "name": "Django (verbose)", "first": "A", "head": "<level:upper> {1,8}<time> <logger:word> \\d{1,10} \\d{1,20} " },
    { "id": "level-time", "name": "Level and time", "first": "A", "head": "<level:upper>:?[ \\t]{1,8}[\\[(]?<time>[\\])]?{AFTERTIME}{AFTER}<logger?>{REST}" },
    { "id": "level-time", "first": "A", "head": "<level:upper>:?[ \\t]{1,8}{BR} [\\[(]?<time>[\\])]?{AFTERTIME}{AFTER}<logger?>{REST}" },
    { "id": "logrus", "name": "logrus", "first": "A", "head": "<level:upper>\\[\\d{4,12}\\] {0,4}" },
    { "id": "basic", "name": "Python (basicConfig)", "first": "A", "head": "<level:upper>:<logger:basic>:" },
    { "id": "npm", "name": "npm", "first": "n", "head": "npm <level:npm>!? " },
    { "id": "bracket", "name": "Level in brackets", "first": "[(<", "head": "[\\[(<\u3010\uff3b] {0,2}<level> {0,10}[\\])>\u3011\uff3d][ \\t:\uff1a]{0,8}" },
    { "id": "colon", "name": "Level", "first": "A", "head": "<level:upper> {0,6}[:\uff1a][ \\t]{0,8}<logger:colon?>(?:: )?" },
    { "id": "dash", "name": "Level", "first": "A", "head": "<level:upper> {0,4}[-|] {1,8}<logger:dash?>(?: [-|] )?" },
    { "id": "plain", "name": "Django (simple)", "first": "A", "head": "<level:upper>[ \\t]{1,8}(?=[^ \\t])" },
    { "id": "dotnet", "name": ".NET console", "first": "a", "head": "<level:dotnet>: <logger:word>\\[\\d{1,10}\\]", "map": "dotnet" },
    { "id": "said", "name": "Level", "first": "A", "head": "[^\\x00-\\x7f]\ufe0f? {1,3}<level:said> {1,12}" },
    { "id": "said", "first": "a", "head": "<level:said>: {1,8}" },
    { "id": "name-said", "name": "Program and level", "first": "aA", "head": "<logger:prog>: <level:named>: " }
  ],
  "loggers": {
    "any": "{NAMED}",
    "word": "[^ \\t\\[\\]]{1,160}",
    "tag": "[^:\\n]{1,80}",
    "hash": "[^#\\[\\] ]{1,120}",
    "dotted": "[\\w$?]{1,64}(?:[.\\w$-]{0,160})",
    "basic": "[\\w$][\\w$./ -]{0,119}",
    "lower": "[a-z_][\\w.-]{0,64}",
    "program": "[\\w./@()~+-]{1,80}",
    "task": "[\\w.]{1,160}(?=(?:\\[[\\w-]{1,64}\\])?: )",
    "bracketed": "[\\w.: -]{1,40}(?=\\] )",
    "colon": "{NAMED}(?=: )",
    "dash": "{NAMED}(?= [-|] )",
    "prog": "[\\w/.-]{1,40}(?:\\([^)]{1,64}\\))?"
  },
  "crash": {
    "hard": "(?:Exception in thread |Exception ignored in|Unhandled [Ee]xception(?:[.:]|$| in | at )|Unhandled [Ee]rror|panic: |fatal error: [a-z]|thread '[^'\\n]{1,120}' (?:\\(\\d{1,20}\\) )?panicked at |PHP (?:Fatal|Parse) error: |(?:Fatal|Parse) error: |Uncaught[ :]|uncaughtException|UnhandledPromiseRejection|Fatal Python error: |terminate called |Segmentation fault|\\*\\*\\* (?:stack smashing|buffer overflow)|FATAL ERROR: |=CRASH REPORT=)",
    "soft": "(?:(?: {2}[+|] )?(?:Exception Group )?Traceback \\(most recent call last\\):| {2}\\+ Exception Group Traceback|Caused by: |goroutine \\d{1,10} \\[running\\]:$|[^ \\n:]{1,200}:\\d{1,6}:in [`'][^\\n]{1,120}': [^\\n]{0,300}\\([A-Z]\\w{0,60}(?:::\\w{1,60}){0,6}\\)$|\\*\\* \\([A-Z][\\w.]{1,80}\\) )",
    "thrown": "(?:(?:[A-Za-z_$][\\w$]{0,63}\\.){1,12}[A-Z][\\w$]{0,80}(?:: |$)|[A-Z]?\\w{0,40}(?:Error|Exception)(?: \\[\\w{1,64}\\])?(?:: |$))",
    "at": "[ \\t]{1,16}at ",
    "frames": "(?: {2}[+|] )?(?:Exception Group )?Traceback \\(most recent call last\\):| {2}\\+ Exception Group Traceback",
    "more": "(?:Traceback \\(most recent call last\\)|During handling of the above|The above exception was|Caused by: |Suppressed: |Wrapped by: |\\.\\.\\. \\d{1,6} (?:more|common)|[ \\t]|[)\\]}](?:[,;)\\]}]|$)|(?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION|NOTICE): |LINE \\d{1,6}: |goroutine \\d{1,10} \\[|created by |exit status \\d|note: run with|note: Some details|stack backtrace:|Stack trace:|#\\d{1,4} |\\^|--- End of |Node\\.js v\\d|from [^ \\n]{1,200}:\\d{1,6}:in |[\\w./*()$]{1,120}\\([^\\n]{0,300}\\)$|\u2502|\u256d|\u2570|\u251c|at [\\w.$<>\\[\\]/]{1,160}[( ]|[A-Za-z_$][\\w$]{0,63}(?:\\.[\\w$]{1,64}){0,12}(?:Error|Exception|Timeout|Warning|Interrupt|Exit|Fault)(?::|$))",
    "names": "(?:[A-Za-z_$][\\w$]{0,63}(?:\\.[\\w$]{1,64}){0,12}(?:Error|Exception|Timeout|Interrupt|Exit|Fault)(?![\\w$])|[a-z_$][\\w$]{0,63}(?:\\.[\\w$]{1,64}){0,12}\\.[A-Z][\\w$]{1,80}(?:: |$))"
  }
};

---@meta spectrum.sql

---The transport's database, and others, for scripts that want SQL. Placeholders are `?` with every engine. Whatever waits lets other users' handlers run.
---@class spectrum.sql
---`"sqlite"`, `"postgresql"` or `"mysql"`, which MariaDB is, too: the transport's database. `""` if the config is wrong.
---@field engine string
---`[database] prefix` of the config, for the names of tables.
---@field prefix string
---NULL as a value, where nil cannot stand. It is `json.null`.
---@field null spectrum.json.Null
local sql = {}

---Runs a statement that has rows, and reads them all.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil values for its placeholders
---@return table[]? rows a list of tables by columns' names; NULL is nil
---@return string? message
function sql.query(statement, ...) end

---Runs a statement that has none.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil values for its placeholders
---@return integer? affected how many rows it has changed; 0 for a statement that changes none
---@return integer|string|nil id the last id that the database has made by itself (not PostgreSQL: use `RETURNING` with `query`), or the message
function sql.exec(statement, ...) end

---Runs a statement that has rows, and calls a function with one after the other, however many there are. If it returns `false`, the rest is left out.
---@param statement string
---@param ... any values for its placeholders, and the function, as in `function(row) … end`
---@return integer? n how many rows there were
---@return string? message
function sql.each(statement, ...) end

---Calls a function in a transaction: what this task does with this database while it runs happens as one step when it returns, and not at all if it raises. It may be called again, if others were in the way.
---@param fn async fun(): ...: any
---@param options? spectrum.sql.TransactionOptions
---@return any ... what the function returned, or `true`; `nil, message` if the database failed
function sql.transaction(fn, options) end

---Runs the steps that have not been run, each once, in order, whatever number of processes ask for it.
---@param steps spectrum.sql.Steps
---@return integer? n how many were run
---@return string? message
function sql.migrate(steps) end

---Opens another database: `"sqlite:FILE"`, relative to the config file's folder; `"postgres://USER:PASSWORD@HOST:PORT/DATABASE"`; `"mysql://…"`; `"memory"`.
---@param where string
---@param options? spectrum.sql.OpenOptions
---@return spectrum.sql.Database? database nil if that is no database's address; whether it answers shows at the first statement
---@return string? message
function sql.open(where, options) end

---Marks a string as bytes, where a column has them.
---@param data string
---@return spectrum.sql.Blob blob
function sql.blob(data) end

---A string that is bound as bytes.
---@class spectrum.sql.Blob

---What `sql.migrate` takes: a list of steps. A step is a statement, a list of statements, or a function.
---@class spectrum.sql.Steps
---@field [integer] any
---Whose steps they are, if a script has several lists (default: `""`).
---@field name? string

---@class spectrum.sql.TransactionOptions
---Seconds for all of it; then it is undone (default: 30).
---@field timeout? number

---@class spectrum.sql.OpenOptions
---Seconds for each statement (default: 10).
---@field timeout? number
---It is closed when its owner ends: `spectrum` or a session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---A database that `sql.open` has opened.
---@class spectrum.sql.Database
---`"sqlite"`, `"postgresql"` or `"mysql"`.
---@field engine string
local database = {}

---As `sql.query`.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil
---@return table[]? rows
---@return string? message
function database:query(statement, ...) end

---As `sql.exec`.
---@param statement string
---@param ... string|number|boolean|spectrum.sql.Blob|spectrum.json.Null|nil
---@return integer? affected
---@return integer|string|nil id or the message
function database:exec(statement, ...) end

---As `sql.each`.
---@param statement string
---@param ... any
---@return integer? n
---@return string? message
function database:each(statement, ...) end

---As `sql.transaction`.
---@param fn async fun(): ...: any
---@param options? spectrum.sql.TransactionOptions
---@return any ...
function database:transaction(fn, options) end

---As `sql.migrate`.
---@param steps spectrum.sql.Steps
---@return integer? n
---@return string? message
function database:migrate(steps) end

---Closes it. What is under way fails.
function database:close() end

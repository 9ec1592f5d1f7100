package check

import (
	"github.com/yuin/gopher-lua/ast"
)

// unit is one file of a program, with what there is to know of its names.
type unit struct {
	*program
	path   string
	source *sourceFile
	isMain bool

	vars      map[*ast.IdentExpr]*variable // of what names a local variable
	locals    []*variable
	localLine map[string]int // the first of a name
	functions map[*ast.FunctionExpr]*function
	calls     []*ast.FuncCallExpr
	callOf    map[ast.Expr]*ast.FuncCallExpr // by what is called
	members   []member                       // read
	sets      []set
	globals   []global // read
	compared  []*ast.RelationalOpExpr
	returns   []*ast.ReturnStmt // of the file itself
	requires  []required

	globalSets  map[string]int // the first line
	tested      map[string]bool
	names       map[string]bool // fields that are set, and all strings
	wild        bool
	usesPackage bool

	handlerUses map[*ast.IdentExpr]bool // functions that are handlers by name
	types       map[ast.Expr]value
	busy        map[any]bool
	steps       int
}

// variable is a local variable or a parameter.
type variable struct {
	name     string
	line     int
	values   []assigned
	reads    []use
	function *function // whose parameter it is
	index    int       // of the parameter
	loop     *ast.GenericForStmt
	loopAt   int
	// group are the variables of one local statement, for which a later one
	// that is used excuses those before.
	group []*variable
	isFor bool
	// inside is the function that the variable holds. Uses inside it do not count.
	inside *ast.FunctionExpr
}

// assigned is a value that a variable is given: a result of an expression.
type assigned struct {
	expr ast.Expr // nil: something that is not known
	nth  int      // which of its results
}

// use is a place where a variable is read.
type use struct {
	ident *ast.IdentExpr
	call  *ast.FuncCallExpr // of which it is the function, or an argument
	arg   int               // which argument; -1: the function
	own   bool              // it stands in the function that the variable holds
}

// function is a function of the file.
type function struct {
	expr   *ast.FunctionExpr
	params []*variable
	self   bool      // params has self in front
	holder *variable // the local variable whose one value it is
	call   *ast.FuncCallExpr
	arg    int // the argument of call that it is; -1: it is what is called
	// handler are what it is called with if it is a handler.
	handler []value
}

// member is something read out of a value, as in session.user.
type member struct {
	expr   *ast.AttrGetExpr
	called bool
}

// set is an assignment to a field.
type set struct {
	target *ast.AttrGetExpr
	value  ast.Expr
}

type global struct {
	name   string
	line   int
	called bool
}

type required struct {
	name string
	line int
}

func newUnit(p *program, path string, s *sourceFile) *unit {
	u := &unit{program: p, path: path, source: s,
		vars: map[*ast.IdentExpr]*variable{}, localLine: map[string]int{}, functions: map[*ast.FunctionExpr]*function{}, callOf: map[ast.Expr]*ast.FuncCallExpr{},
		globalSets: map[string]int{}, tested: map[string]bool{}, names: map[string]bool{},
		handlerUses: map[*ast.IdentExpr]bool{}, types: map[ast.Expr]value{}, busy: map[any]bool{}}
	if s.ok {
		r := &resolver{unit: u}
		r.block(s.tree)
	}
	return u
}

func (u *unit) tell(line int, code, text string) { u.checker.tell(u.path, line, code, text) }

// check tells of all that is wrong with the file.
func (u *unit) check() {
	if !u.source.ok {
		return
	}
	u.checkHandlers() // first: it says what handlers are called with
	u.checkRequires()
	u.checkGlobals()
	u.checkUnused()
	u.checkMembers()
	u.checkSets()
	u.checkCalls()
	u.checkCompared()
}

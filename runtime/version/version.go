// Package version says which spectrum2-lua this is.
package version

// Number follows semantic versioning; CHANGELOG.md says what each has.
const Number = "0.1.0"

package schema

// TimeLayout is the layout of a text in the format FORMAT_TIMESTAMP: a time in UTC, to the
// second.
const TimeLayout = "20060102T150405"

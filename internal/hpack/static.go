package hpack

// static is the static table (RFC 7541 appendix A). Its values are of no
// interest, but for the two paths.
var static = [...]entry{
	{},         // there is no index 0
	{name: 10}, // :authority
	{name: 7},  // :method GET
	{name: 7},  // :method POST
	{"/", 0, path},
	{"/index.html", 0, path},
	{name: 7},     // :scheme http
	{name: 7},     // :scheme https
	{name: 7},     // :status 200
	{name: 7},     // :status 204
	{name: 7},     // :status 206
	{name: 7},     // :status 304
	{name: 7},     // :status 400
	{name: 7},     // :status 404
	{name: 7},     // :status 500
	{name: 14},    // accept-charset
	{name: 15},    // accept-encoding gzip, deflate
	{name: 15},    // accept-language
	{name: 13},    // accept-ranges
	{name: 6},     // accept
	{name: 27},    // access-control-allow-origin
	{name: 3},     // age
	{name: 5},     // allow
	{name: 13},    // authorization
	{name: 13},    // cache-control
	{name: 19},    // content-disposition
	{name: 16},    // content-encoding
	{name: 16},    // content-language
	{name: 14},    // content-length
	{name: 16},    // content-location
	{name: 13},    // content-range
	{name: 12},    // content-type
	{name: 6},     // cookie
	{name: 4},     // date
	{name: 4},     // etag
	{name: 6},     // expect
	{name: 7},     // expires
	{name: 4},     // from
	{name: 4},     // host
	{name: 8},     // if-match
	{name: 17},    // if-modified-since
	{name: 13},    // if-none-match
	{name: 8},     // if-range
	{name: 19},    // if-unmodified-since
	{name: 13},    // last-modified
	{name: 4},     // link
	{name: 8},     // location
	{name: 12},    // max-forwards
	{name: 18},    // proxy-authenticate
	{name: 19},    // proxy-authorization
	{name: 5},     // range
	{name: 7},     // referer
	{name: 7},     // refresh
	{name: 11},    // retry-after
	{name: 6},     // server
	{name: 10},    // set-cookie
	{name: 25},    // strict-transport-security
	{name: 17},    // transfer-encoding
	{name: agent}, // user-agent
	{name: 4},     // vary
	{name: 3},     // via
	{name: 16},    // www-authenticate
}

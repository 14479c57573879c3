module vmprof/servers/go

go 1.19

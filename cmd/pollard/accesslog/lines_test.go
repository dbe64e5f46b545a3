package accesslog

// Lines as the servers write them; addresses, hosts and names are made up.
const (
	nginxLine     = `198.51.100.7 - - [20/Nov/2026:09:30:01 +0100] "GET /g/p/-/issues/1/realtime_changes?last=2 HTTP/1.1" 304 0 "https://gitlab.example/g/p/-/issues/1" "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"`
	nginxMainLine = `10.0.0.1 - alice [20/Nov/2026:08:30:01 +0000] "GET /status HTTP/2.0" 200 512 "-" "curl/8.5.0" "203.0.113.9, 10.0.0.2" 0.004 0.003`
	gitlabNginx   = `198.51.100.7 - - [20/Nov/2026:08:30:01 +0000] "GET /status HTTP/2.0" 200 512 "-" "curl/8.5.0" 3.16`
	commonLine    = `127.0.0.1 user-identifier frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`
	vhostLine     = `www.example.com:443 2001:db8::7 - frank smith [20/Nov/2026:08:30:01 +0000] "GET /a\"b HTTP/1.1" 200 - "-" "a \"quoted\" browser"`
	traefikCommon = `192.168.1.4 - - [20/Nov/2026:08:30:01 +0000] "GET /status HTTP/1.1" 200 81 "-" "-" 42 "app@docker" "http://172.18.0.4:3000" 12ms`
	scannerLine   = `203.0.113.99 - - [20/Nov/2026:08:30:02 +0000] "\x16\x03\x01\x00\xEE\x01" 400 157 "-" "-"`
	postLine      = `198.51.100.7 - - [20/Nov/2026:08:30:02 +0000] "POST /g/p/-/notes HTTP/1.1" 201 99 "-" "-"`

	caddyLine = `{"level":"info","ts":1795163401.193625,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"10.0.0.1","remote_port":"55392","client_ip":"198.51.100.7","proto":"HTTP/2.0","method":"GET","host":"app.example","uri":"/status?page=1","headers":{"If-None-Match":["W/\"abc\""],"User-Agent":["curl/8.17.0"],"Accept":["*/*","x"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"app.example","ech":false}},"bytes_read":0,"user_id":"","duration":0.193625,"size":99,"status":200,"resp_headers":{"Via":["1.1 Caddy"],"Alt-Svc":["h3=\":443\"; ma=2592000"],"Etag":["W/\"abd\""],"Cache-Control":["no-store"],"Set-Cookie":["REDACTED"],"Poll-Interval":["3000"]}}`
	caddyInfo = `{"level":"info","ts":1795163400.5,"logger":"tls.obtain","msg":"acquiring lock","identifier":"app.example"}`

	traefikLine = `{"ClientAddr":"198.51.100.7:51374","ClientHost":"198.51.100.7","ClientPort":"51374","ClientUsername":"-","DownstreamContentSize":81,"DownstreamStatus":200,"Duration":4123456,"OriginContentSize":81,"OriginDuration":4000000,"OriginStatus":200,"Overhead":123456,"RequestAddr":"app.example","RequestContentSize":0,"RequestCount":10,"RequestHost":"app.example","RequestMethod":"GET","RequestPath":"/status?a=1\u0026b=2","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"app@docker","ServiceAddr":"172.18.0.4:3000","ServiceName":"app@docker","ServiceURL":"http://172.18.0.4:3000","StartLocal":"2026-11-20T09:30:01.888831613+01:00","StartUTC":"2026-11-20T08:30:01.888831613Z","entryPointName":"websecure","level":"info","msg":"","request_User-Agent":"curl/8.5.0","time":"2026-11-20T08:30:01Z"}`

	gitlabLine = `{"method":"GET","path":"/team/project/-/merge_requests","format":"html","controller":"Projects::MergeRequestsController","action":"index","status":200,"time":"2026-11-20T08:30:01.753Z","params":[{"key":"namespace_id","value":"team"},{"key":"sort","value":"a&b c"},{"key":"label_name","value":["x","y"]}],"remote_ip":"198.51.100.7","user_id":4,"username":"alice","ua":"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0","correlation_id":"01FC696ZC15DACW5Q6YRTKFX8B","meta.user":"alice","meta.remote_ip":"198.51.100.7","meta.client_id":"user/4","redis_calls":20,"redis_duration_s":0.012581,"db_count":27,"cpu_s":1.015222,"mem_bytes":22989112,"db_duration_s":4.1e-05,"view_duration_s":0.21,"duration_s":0.35512}`
	// Answered by the ETag cache, before anybody has signed in.
	gitlabCached = `{"method":"GET","path":"/team/project/-/issues/1/realtime_changes","format":"json","controller":null,"action":null,"status":304,"time":"2026-11-20T08:30:02.001Z","params":[],"etag_route":"issue_title","remote_ip":null,"user_id":null,"username":null,"ua":null,"correlation_id":"01FC696ZC15DACW5Q6YRTKFX8C","meta.caller_id":"Projects::IssuesController#realtime_changes","meta.remote_ip":"198.51.100.7","meta.client_id":"ip/198.51.100.7","duration_s":4.1e-05}`

	customLine = `{"ts":1795163401123,"req":{"uri":"https://app.example/status?x=1","verb":"GET"},"code":"304","ip":"198.51.100.7","http.user_agent":"curl/8.5.0","cost":"12.5","size":0,"who":"bob"}`
)

var customFields = []string{
	"time=ts", "path=req.uri", "method=req.verb", "status=code", "client=ip", "agent=http.user_agent", "took_ms=cost", "bytes=size", "user=who",
}

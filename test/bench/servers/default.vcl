vcl 4.1;

backend default {
  .host = "{{.Host}}";
  .port = "{{.Port}}";
}

vcl 4.1;

backend default {
  .host = "{{.With.Host}}";
  .port = "{{.With.Port}}";
}

// Downloads of images: from web servers as they are, from such as no web server is, by redirects and by HTTPS.

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "providers/image/image_library.h"
#include "tests/providers/image/image_library_fixture.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"
#include "tests/support/servers/tls_identity.h"
#include "tests/support/servers/web_server.h"

namespace vscale::test {
namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a download that fails says how, and leaves nothing in the cache") {
  ImageLibraryOptions impatient;
  impatient.idle_timeout = Duration{300};
  Library library(impatient);
  WebServer server;
  server.serve("/page", "<html>not an image</html>" + std::string(500, ' '));
  server.serve("/slow", qcow2());
  for (const int status : {401, 403, 410, 500}) {
    (*server).Get("/" + std::to_string(status),
                  [status](const httplib::Request&, httplib::Response& response) { response.status = status; });
  }
  (*server).Get("/short", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(1000, "application/octet-stream",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    if (offset > 0) return false;
                                    return sink.write("only this", 9);
                                  });
  });
  (*server).Get("/stuck", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(1000, "application/octet-stream",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    if (offset == 0) return sink.write("only this", 9);
                                    std::this_thread::sleep_for(std::chrono::milliseconds{600});
                                    return false;
                                  });
  });
  std::string texts;
  for (const char* path : {"/missing", "/401", "/403", "/410", "/500", "/short", "/stuck", "/page"}) {
    texts += library.refusal(Library::url(server.url() + path), server.url());
  }
  const std::string nobody = "http://127.0.0.1:" + std::to_string(deserted_port());
  texts += library.refusal(Library::url(nobody + "/a.qcow2"), nobody);

  check_golden("image_library/download.txt", texts);
  CHECK(library.cached() == 0);
}

TEST_CASE("a download as a whole has a bound too") {
  ImageLibraryOptions impatient;
  impatient.download_timeout = Duration{50};
  Library library(impatient);
  WebServer server;
  (*server).Get("/drip", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(1'000'000, "application/octet-stream",
                                  [](std::size_t, std::size_t, httplib::DataSink& sink) {
                                    std::this_thread::sleep_for(std::chrono::milliseconds{5});
                                    return sink.write("x", 1);
                                  });
  });

  const auto lock = library.resolve(Library::url(server.url() + "/drip"));

  REQUIRE_FALSE(lock);
  CHECK(lock.error().kind == ErrorKind::timed_out);
  CHECK(library.cached() == 0);
}

namespace {

/// Answers the first caller by hand, since no web server is as bad as this one: what `speak` sends, for as long as the
/// caller listens or `speak` goes on.
class RudeServer {
 public:
  /// Sends a piece; false once nobody listens any more.
  using Send = std::function<bool(const std::string& piece)>;

  explicit RudeServer(const std::function<void(const Send& send)>& speak)
      : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(listen(listening_, 1) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, speak] {
      caller_ = accept(listening_, nullptr, nullptr);
      speak([this](const std::string& piece) {
        const ssize_t count = send(caller_, piece.data(), piece.size(), MSG_NOSIGNAL);
        if (count > 0) sent_ += static_cast<std::size_t>(count);
        return count > 0;
      });
      shutdown(caller_, SHUT_WR);
    });
  }
  ~RudeServer() {
    shutdown(listening_, SHUT_RDWR);
    shutdown(caller_, SHUT_RDWR);  // the kernel lets it wait long for one that has gone without reading everything
    thread_.join();
    close(caller_);
    close(listening_);
  }
  RudeServer(const RudeServer&) = delete;
  RudeServer& operator=(const RudeServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::size_t sent() const { return sent_; }

 private:
  int listening_;
  int port_ = 0;
  std::atomic<int> caller_{-1};
  std::atomic<std::size_t> sent_{0};
  std::thread thread_;
};

/// Pieces that never end an answer; after 10 s it ends all the same, so that a test that fails does end.
std::function<void(const RudeServer::Send&)> dripping(const std::string& begin, const std::string& piece) {
  return [begin, piece](const RudeServer::Send& send) {
    send(begin);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (std::chrono::steady_clock::now() < until && send(piece)) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  };
}

}  // namespace

TEST_CASE("a server that drips anything but an image is left") {
  const auto [begin, piece] = GENERATE(table<std::string, std::string>({
      {"HTTP/1.1 200 ", "O"},                                              // its first line
      {"HTTP/1.1 200 OK\r\n", "X-More: of it\r\n"},                        // headers
      {"HTTP/1.1 200 OK\r\nX-More: ", "of it "},                           // one header
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"},    // what goes before a piece
      {"HTTP/1.1 302 Found\r\nLocation: /on\r\n", "X-More: of it\r\n"},    // headers that lead elsewhere
      {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"},  // answers before the answer
  }));
  ImageLibraryOptions impatient;
  impatient.connect_timeout = Duration{100};
  impatient.idle_timeout = Duration{200};
  Library library(impatient);
  const RudeServer server(dripping(begin, piece));
  const auto started = std::chrono::steady_clock::now();

  const Error error = library.failure(Library::url(server.url() + "/drip"));

  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds{5});
  CHECK(error.kind == ErrorKind::timed_out);
}

TEST_CASE("a server that drips what no web server says is left as none") {
  const auto [begin, piece] = GENERATE(table<std::string, std::string>({
      {"", "H"},                                                       // never HTTP/
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1"},  // a length that does not end
  }));
  Library library;
  const RudeServer server(dripping(begin, piece));
  const auto started = std::chrono::steady_clock::now();

  const Error error = library.failure(Library::url(server.url() + "/drip"));

  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds{5});
  CHECK(error.kind == ErrorKind::invalid);
  CHECK(error.message.find("gave no answer of a web server") != std::string::npos);
}

TEST_CASE("an answer that ends inside its head is one that was cut off, and no empty image") {
  const std::string said = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nServer: x\r\n",
                                    "HTTP/1.1 302 Found\r\nLocation: /on\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                                    "HTTP/1.1 101 Switching Protocols\r\n\r\n");
  CAPTURE(said);
  Library library;
  const RudeServer server([&](const RudeServer::Send& send) { send(said); });

  const Error error = library.failure(Library::url(server.url() + "/a.qcow2"));

  CHECK(error.kind == ErrorKind::unreachable);
  CHECK(error.message.ends_with("ended after 0 bytes"));
}

TEST_CASE("a server that pours without end, and none of it an image, is left before it fills the memory") {
  constexpr std::size_t kPoured_bytes = 512UL * 1024 * 1024;
  const std::string begin = GENERATE(
      as<std::string>{}, "", "HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  Library library;
  const RudeServer server([&](const RudeServer::Send& send) {
    const std::string piece(64UL * 1024, '0');
    send(begin);
    for (std::size_t sent = 0; sent < kPoured_bytes && send(piece);) sent += piece.size();
  });

  const Error error = library.failure(Library::url(server.url() + "/pour"));

  CHECK(server.sent() < kPoured_bytes);
  CHECK(error.kind == ErrorKind::invalid);
}

TEST_CASE("what is no answer of a web server is refused, however long its first line") {
  const std::string said =
      GENERATE(as<std::string>{}, "SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 200 " + std::string(1'000'000, 'x'),
               "HTTP/1.1 200 " + std::string(1'000'000, 'x') + "\r\n\r\n",
               "HTTP/1.1 200 OK\r\nX-Long: " + std::string(1'000'000, 'x') + "\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n");
  Library library;
  const RudeServer server([&](const RudeServer::Send& send) { send(said); });

  const Error error = library.failure(Library::url(server.url() + "/a.qcow2"));

  CHECK(error.kind == ErrorKind::invalid);
  CHECK(error.message.find("xxx") == std::string::npos);
}

TEST_CASE("a redirect is followed to the letter, so that what a URL was signed for stays as it is") {
  const std::string signed_target = "/signed%20by/a%2Bb.qcow2?sig=x%2By%2Fz%3D&at=10%3A00%23";
  Library library;
  WebServer server;
  std::string target;
  server.lead("/release", server.url() + signed_target);
  (*server).Get("/signed.*", [&](const httplib::Request& request, httplib::Response& response) {
    target = request.target;
    response.set_content(qcow2(), "application/octet-stream");
  });

  library.must_resolve(Library::url(server.url() + "/release"));

  CHECK(target == signed_target);
}

TEST_CASE("redirects are followed, but not for ever and not to nowhere") {
  Library library;
  WebServer server;
  server.serve("/d/end.qcow2", qcow2());
  server.lead("/start", "/d/middle");
  server.lead("/d/middle", "end.qcow2");
  server.lead("/circle", "/circle");
  server.lead("/nowhere", "gopher://old.example.lan/");
  CHECK(library.must_resolve(Library::url(server.url() + "/start")).digest == sha256(qcow2()));

  std::string texts;
  texts += library.refusal(Library::url(server.url() + "/circle"), server.url());
  texts += library.refusal(Library::url(server.url() + "/nowhere"), server.url());

  check_golden("image_library/redirects.txt", texts);
}

TEST_CASE("user, password and query reach the server they are for, and nobody else") {
  Library library;
  WebServer server;
  WebServer other;
  server.serve("/a.qcow2", qcow2());
  server.lead("/moved", other.url() + "/a.qcow2");
  other.serve("/a.qcow2", qcow2());
  const std::string secret = replaced(server.url(), "http://", "http://anna:s3cr%23t@");

  const ImageLock lock = library.must_resolve(Library::url(secret + "/a.qcow2?token=t0k3n"));
  CHECK(server.authorization() == httplib::make_basic_authentication_header("anna", "s3cr#t").second);
  CHECK(lock.source == server.url() + "/a.qcow2?sha256:" + sha256_hex("token=t0k3n").substr(0, 8));
  library.must_resolve(Library::url(secret + "/moved"));
  CHECK(other.authorization().empty());

  const std::string text = library.refusal(Library::url(secret + "/missing?token=t0k3n"), server.url());
  CHECK(text == "not_found: image debian-12: http://SERVER/missing answered 404: it is not there; correct the URL\n");
}

TEST_CASE("a full disk ends a download with its name") {
  Library library;
  WebServer server;
  server.serve("/a.qcow2", qcow2());
  const Image image = Library::url(server.url() + "/a.qcow2");
  Child child([&] {
    struct rlimit small {};
    small.rlim_cur = small.rlim_max = 100'000;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) return std::string("no limit");
    const auto lock = library.resolve(image);
    return lock ? std::string("resolved") : to_string(lock.error().kind) + (": " + to_string(lock.error()));
  });

  CHECK(replaced(child.result(), library.cache(), "/cache") ==
        "no_capacity: the image cache /cache cannot be written [File too large]; make room there");
  CHECK(library.cached() == 0);
}

TEST_CASE("downloads that a crash left behind go after a day, and no sooner") {
  Library library;
  WebServer server;
  server.serve("/a.qcow2", qcow2());
  fs::create_directories(library.cache());
  write_file(library.cache() + "/.part-old", "old");
  write_file(library.cache() + "/.part-new", "new");
  fs::last_write_time(library.cache() + "/.part-old", fs::file_time_type::clock::now() - std::chrono::hours{25});

  library.must_resolve(Library::url(server.url() + "/a.qcow2"));

  CHECK_FALSE(fs::exists(library.cache() + "/.part-old"));
  CHECK(fs::exists(library.cache() + "/.part-new"));
}

namespace {

/// Serves an image by HTTPS.
class SecureServer : public WebServer<httplib::SSLServer> {
 public:
  explicit SecureServer(const Identity& identity) : WebServer(identity.certificate, identity.key) {
    serve("/a.qcow2", qcow2());
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port()); }
};

}  // namespace

TEST_CASE("a server whose certificate nobody vouches for is not believed") {
  Library library;
  SecureServer server{Identity()};

  const std::string text = library.refusal(Library::url(server.url() + "/a.qcow2"), server.url());

  CHECK(
      text ==
      "denied: image debian-12: http://SERVER/a.qcow2 has a certificate that is not trusted here; add its authority to "
      "the system's (update-ca-certificates), or name it by SSL_CERT_FILE\n");
}

TEST_CASE("a server whose certificate SSL_CERT_FILE vouches for is believed") {
  Library library;
  const Identity identity;
  SecureServer server(identity);
  write_file(library / "authority.pem", identity.pem());
  const TrustedFile trusted(library / "authority.pem");

  CHECK(library.must_resolve(Library::url(server.url() + "/a.qcow2")).digest == sha256(qcow2()));
}

TEST_CASE("a certificate for another server is not believed, whoever vouches for it") {
  Library library;
  const Identity identity("IP:127.0.0.2,DNS:images.example.lan");
  SecureServer server(identity);
  write_file(library / "authority.pem", identity.pem());
  const TrustedFile trusted(library / "authority.pem");

  CHECK(library.refusal(Library::url(server.url() + "/a.qcow2"), server.url()) ==
        "denied: image debian-12: http://SERVER/a.qcow2 has a certificate for another name; write the name that the "
        "certificate is for, or correct the server\n");
}

TEST_CASE("an SSL_CERT_FILE that is not there is told by its name") {
  Library library;
  SecureServer server{Identity()};
  const TrustedFile trusted(library / "missing.pem");

  CHECK(library.refusal(Library::url(server.url() + "/a.qcow2"), server.url()) ==
        "denied: image debian-12: http://SERVER/a.qcow2 cannot be trusted: no authorities can be read from "
        "/images/missing.pem; correct SSL_CERT_FILE\n");
}

TEST_CASE("a redirect from https to http is not followed") {
  Library library;
  const Identity identity;
  SecureServer server(identity);
  WebServer plain;
  plain.serve("/a.qcow2", qcow2());
  server.lead("/moved", plain.url() + "/a.qcow2");
  write_file(library / "authority.pem", identity.pem());
  const TrustedFile trusted(library / "authority.pem");

  const auto lock = library.resolve(Library::url(server.url() + "/moved"));

  REQUIRE_FALSE(lock);
  CHECK(lock.error().kind == ErrorKind::denied);
  CHECK(plain.asked().empty());
}

}  // namespace vscale::test

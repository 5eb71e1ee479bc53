// SPDX-License-Identifier: Apache-2.0
// Certificates a CPU-second against two well-known CAs on the same machine: `openssl ca -batch` with all requests in
// one process, and `cfssl serve` over loopback HTTP. Windows of theirs alternate with windows of our renewals in
// process. `openssl ca` puts the same kinds of extensions into a certificate as we do.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "line.h"
#include "measure.h"
#include "support/process.h"

namespace birthmark::bench {
namespace {

constexpr std::size_t kRequests = 1000;
constexpr std::size_t kWindows = 5;
constexpr std::size_t kReceiptBytes = 85;

void check(bool good, const std::string& what) {
  if (!good) {
    std::fprintf(stderr, "peers: %s\n", what.c_str());
    std::exit(1);
  }
}

std::vector<std::string> requests_in_pem() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const auto key = must(crypto::PrivateKey::generate(crypto::KeyType::p256));
    const auto subject = pki::encode({.organization = "heatpump",
                                      .organizational_units = {},
                                      .common_name = "device-" + std::to_string(i),
                                      .serial_number = {}});
    const auto der =
        must(pkcs10::write_request(subject, key.public_key().spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                                   [&](BytesView info) { return key.sign(info); }));
    out.push_back(pem::write("CERTIFICATE REQUEST", der));
  }
  return out;
}

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path} << text;
}

test::Finished ran(std::vector<std::string> argv, const std::filesystem::path& directory) {
  auto done = test::run({.argv = std::move(argv), .directory = directory});
  check(done.exit_code == 0, done.err);
  return done;
}

double children_cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// One P-256 CA for both peers.
void make_ca(const std::filesystem::path& directory) {
  put(directory / "ca.cnf", R"([ca]
default_ca = bench
[bench]
dir = .
database = ./index.txt
serial = ./serial
new_certs_dir = ./out
certificate = ./ca.pem
private_key = ./ca.key
default_md = sha256
default_days = 30
policy = any
unique_subject = no
x509_extensions = leaf
[any]
organizationName = optional
commonName = optional
[leaf]
authorityKeyIdentifier = keyid
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module
certificatePolicies = 2.25.1.1, 2.25.1.2
crlDistributionPoints = URI:http://ca.example/crl/1
2.25.3 = ASN1:GENERALIZEDTIME:20260101000000Z
2.25.1 = ASN1:FORMAT:HEX,OCTETSTRING:)" +
                                std::string(kReceiptBytes * 2, 'A') +
                                R"(
[module]
type = OID:2.25.4
serial = FORMAT:ASCII,OCTETSTRING:0123456789abcdef
)");
  put(directory / "cfssl.json", R"({"signing": {"default": {
  "expiry": "720h", "usages": ["digital signature", "client auth"], "crl_url": "http://ca.example/crl/1",
  "policies": [{"id": "2.25.1.1"}, {"id": "2.25.1.2"}]}}})");
  ran({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
       "-out", "ca.pem", "-days", "365", "-subj", "/O=bench/CN=bench"},
      directory);
}

/// Whether `openssl ca` writes each certificate in words too, which it does by itself.
enum class InWords : bool { no, yes };

/// Certificates a CPU-second of one `openssl ca` for all requests.
double openssl_window(const std::filesystem::path& directory, InWords words) {
  std::filesystem::remove_all(directory / "out");
  std::filesystem::create_directory(directory / "out");
  put(directory / "index.txt", "");
  put(directory / "serial", "4B000000000000000000000000000001\n");
  std::vector<std::string> argv{"openssl", "ca", "-batch", "-config", "ca.cnf"};
  if (words == InWords::no) {
    argv.emplace_back("-notext");
  }
  argv.emplace_back("-infiles");
  for (std::size_t i = 0; i < kRequests; ++i) {
    argv.push_back("r" + std::to_string(i) + ".pem");
  }
  const double before = children_cpu_seconds();
  ran(std::move(argv), directory);
  const double used = children_cpu_seconds() - before;
  const auto made = std::distance(std::filesystem::directory_iterator{directory / "out"}, {});
  check(static_cast<std::size_t>(made) == kRequests, "openssl ca made " + std::to_string(made) + " certificates");
  return static_cast<double>(kRequests) / used;
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  check(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "no port");
  ::close(fd);
  return ntohs(address.sin_port);
}

/// A keep-alive connection that posts and waits for the answer.
class Connection {
 public:
  /// Tries for ten seconds: cfssl says that it listens a moment before it does.
  explicit Connection(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    for (int tries = 0; tries < 1000; ++tries) {
      fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
        return;
      }
      ::close(fd_);
      ::usleep(10'000);
    }
    check(false, "cfssl does not listen");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  std::string post(const std::string& path, const std::string& body) {
    const auto message = "POST " + path + " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" +
                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    check(::send(fd_, message.data(), message.size(), 0) == static_cast<ssize_t>(message.size()), "send");
    std::string answer;
    while (!whole(answer)) {
      char buffer[8192];
      const auto got = ::recv(fd_, buffer, sizeof(buffer), 0);
      check(got > 0, "cfssl closed the connection");
      answer.append(buffer, static_cast<std::size_t>(got));
    }
    return answer;
  }

 private:
  static bool whole(const std::string& answer) {
    const auto head = answer.find("\r\n\r\n");
    if (head == std::string::npos) {
      return false;
    }
    const auto length = answer.find("Content-Length: ");
    return length < head ? answer.size() >= head + 4 + std::stoul(answer.substr(length + 16))
                         : answer.ends_with("\r\n0\r\n\r\n");
  }
  int fd_ = -1;
};

/// CPU seconds of a running process: fields 14 and 15 of its stat.
double cpu_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string word;
  for (int i = 3; i < 14; ++i) {
    fields >> word;
  }
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::vector<std::string> in_json(const std::vector<std::string>& requests) {
  std::vector<std::string> out;
  for (const auto& request : requests) {
    std::string escaped;
    for (const char c : request) {
      escaped += c == '\n' ? std::string{"\\n"} : std::string{c};
    }
    out.push_back("{\"hostname\": \"device.example\", \"certificate_request\": \"" + escaped + "\"}");
  }
  return out;
}

double cfssl_window(const test::Process& server, Connection& connection, const std::vector<std::string>& bodies) {
  const double before = cpu_of(server.pid());
  for (const auto& body : bodies) {
    const auto answer = connection.post("/api/v1/cfssl/sign", body);
    check(answer.find("BEGIN CERTIFICATE-") != std::string::npos, answer.substr(0, 300));
  }
  return static_cast<double>(bodies.size()) / (cpu_of(server.pid()) - before);
}

/// Renewals a CPU-second of this thread.
class Ours {
 public:
  Ours() {
    for (std::size_t i = 0; i < kRequests; ++i) {
      devices_.push_back(line_.new_device());
    }
    baseline_ = line_.memory.rows();
  }
  double window() {
    line_.go_back_to(baseline_);
    for (const auto& device : devices_) {
      line_.attest(device, lifecycle::Purpose::renew);
    }
    const double before = thread_cpu_seconds();
    for (const auto& device : devices_) {
      keep(must(line_.enrollment.reenroll(device.request)).certificate.size());
    }
    return static_cast<double>(devices_.size()) / (thread_cpu_seconds() - before);
  }

 private:
  Line line_;
  std::vector<Line::Device> devices_;
  MemoryRows baseline_;
};

/// A peer, window by window.
struct Peer {
  std::vector<double> rates, ratios;

  void add(double rate, double our_rate) {
    rates.push_back(rate);
    ratios.push_back(our_rate / rate);
  }
};

void tell(const char* name, const Peer& peer, const std::vector<double>& ours, std::optional<double> goal) {
  const auto spread = spread_of(peer.ratios);
  char detail[160];
  std::snprintf(detail, sizeof(detail), "%s windows; %.0f against %.0f certificates a CPU-second",
                words(spread, peer.ratios.size()).c_str(), spread_of(ours).median, spread_of(peer.rates).median);
  report({name, spread.median, goal, "times", Better::higher, detail});
}

void run() {
  const test::TempDir directory;
  make_ca(directory.path());
  const auto requests = requests_in_pem();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    put(directory / ("r" + std::to_string(i) + ".pem"), requests[i]);
  }
  const auto bodies = in_json(requests);
  const auto port = free_port();
  test::Process server{{.argv = {"cfssl", "serve", "-address", "127.0.0.1", "-port", std::to_string(port), "-ca",
                                 "ca.pem", "-ca-key", "ca.key", "-config", "cfssl.json"},
                        .directory = directory.path()}};
  check(server.wait_for_line("Now listening", std::chrono::seconds{20}).has_value(), server.err());
  Connection connection{port};
  Ours ours;
  Peer openssl, openssl_without_words, cfssl;
  std::vector<double> rates{ours.window()};
  // Ours before and after each of theirs.
  const auto against = [&](Peer& peer, double theirs) {
    rates.push_back(ours.window());
    peer.add(theirs, (*(rates.end() - 2) + rates.back()) / 2);
  };
  for (std::size_t i = 0; i < kWindows; ++i) {
    against(openssl, openssl_window(directory.path(), InWords::yes));
    against(openssl_without_words, openssl_window(directory.path(), InWords::no));
    against(cfssl, cfssl_window(server, connection, bodies));
  }
  server.stop();
  tell("issuance_over_openssl_ca", openssl, rates, 5);
  tell("issuance_over_openssl_ca_notext", openssl_without_words, rates, 5);
  tell("issuance_over_cfssl_serve", cfssl, rates, 2);
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/operator_client.h"

#include <charconv>

#include "adapters/files/posix_files.h"
#include "codec/pem.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = 256 * 1024;

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

Result<HostPort> host_port(const std::string& text) {
  const auto mark = text.rfind(':');
  HostPort out;
  const auto digits = mark == std::string::npos ? std::string{} : text.substr(mark + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return fail(Code::bad_request, "--server is host:port");
  }
  out.host = text.substr(0, mark);
  return out;
}

/// The refusal that a problem+json body states.
Error refusal(const http::Response& response) {
  const auto body = json::read(std::string_view{response.body});
  if (body && body->is_object()) {
    const auto& members = body->as_object();
    const auto text = [&](std::string_view name) {
      const auto* const value = members.if_contains(name);
      return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
    };
    if (const auto code = code_named(text("code"))) {
      return {*code, text("detail"), text("check")};
    }
  }
  return {Code::unavailable, "the server answered " + std::to_string(response.status)};
}

}  // namespace

Result<std::unique_ptr<OperatorClient>> OperatorClient::open(const Connection& connection) {
  PosixFiles files;
  const std::filesystem::path data{connection.data};
  BM_TRY(auto passphrase, files.read(data / "passphrase", 4096));
  while (!passphrase.empty() && passphrase.back() == '\n') {
    passphrase.pop_back();
  }
  const Secret secret{std::move(passphrase)};
  BM_TRY(const auto key_pem, files.read(data / "operators" / (connection.operator_name + ".key"), kFileMax));
  BM_TRY(auto key, crypto::PrivateKey::from_encrypted_pem(as_text(key_pem), secret));
  BM_TRY(const auto chain_pem, files.read(data / "operators" / (connection.operator_name + ".pem"), kFileMax));
  BM_TRY(const auto chain, pem::read(as_text(chain_pem), "CERTIFICATE", {}));
  BM_TRY(const auto root_pem, files.read(data / "tls" / "service-root.pem", kFileMax));
  BM_TRY(const auto roots, pem::read(as_text(root_pem), "CERTIFICATE", {}));
  BM_TRY(auto context, tls::ClientContext::create({.anchors = roots, .chain = chain, .key = &key}));
  BM_TRY(auto where, host_port(connection.server));
  auto client = http::Client::create({.host = where.host, .port = where.port, .tls = std::move(context)});
  return std::unique_ptr<OperatorClient>{new OperatorClient{std::move(key), std::move(client)}};
}

Result<boost::json::value> OperatorClient::call(http::Method method, const std::string& target,
                                                const boost::json::value& body) {
  const auto text = method == http::Method::get ? std::string{} : json::write(body);
  std::vector<http::Header> headers;
  if (!text.empty()) {
    headers.push_back({"Content-Type", "application/json"});
  }
  BM_TRY(const auto response, client_->request(method, target, std::move(headers), as_bytes(text)));
  if (response.status >= 300) {
    return fail(refusal(response));
  }
  return json::read(std::string_view{response.body}, {.bytes_max = 64 * 1024 * 1024, .items_max = 4'000'000});
}

Result<boost::json::value> OperatorClient::get(const std::string& target) {
  return call(http::Method::get, target, nullptr);
}

}  // namespace birthmark::cli

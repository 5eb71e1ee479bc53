// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.h"

#include <charconv>
#include <thread>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/passphrase.h"
#include "cli/next_credential.h"
#include "codec/pem.h"
#include "lifecycle/state.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{256} * 1024;
constexpr unsigned kOrderAttempts = 4;
constexpr std::chrono::milliseconds kOrderPause{250};
constexpr json::Limits kAnswerLimits{.bytes_max = std::size_t{64} * 1024 * 1024, .items_max = 4'000'000};

/// As Files::read, with the path in the words.
Result<Bytes> read_file(Files& files, const std::filesystem::path& path, std::size_t max) {
  auto bytes = files.read(path, max);
  return bytes ? std::move(bytes)
               : Result<Bytes>{fail(bytes.error().code, path.string() + ": " + bytes.error().detail)};
}

Result<std::vector<Bytes>> read_certificates(Files& files, const std::filesystem::path& path) {
  BM_TRY(const auto text, read_file(files, path, kFileMax));
  return pem::read(as_text(text), "CERTIFICATE", {});
}

/// The refusal that a problem+json body states.
Error refusal(const http::Response& response) {
  const auto body = json::read(std::string_view{response.body});
  if (body && body->is_object()) {
    const auto text = [&](std::string_view name) {
      const auto* const value = body->as_object().if_contains(name);
      return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
    };
    if (const auto code = code_named(text("code"))) {
      Error error{*code, text("detail"), text("check")};
      const auto from = lifecycle::state_named(text("from"));
      const auto to = lifecycle::state_named(text("to"));
      if (from && to) {
        error.move = Move{static_cast<std::uint8_t>(*from), static_cast<std::uint8_t>(*to)};
      }
      return error;
    }
  }
  return {Code::unavailable, "the server answered " + std::to_string(response.status)};
}

}  // namespace

Result<Credentials> read_credentials(Files& files, const CredentialFiles& from) {
  BM_CHECK(NextCredential(files, from).settle());
  BM_TRY(const auto passphrase, read_passphrase(files, from.passphrase));
  BM_TRY(const auto pem, read_file(files, from.directory / (from.name + ".key"), kFileMax));
  BM_TRY(auto key, crypto::PrivateKey::from_encrypted_pem(as_text(pem), passphrase));
  BM_TRY(auto chain, read_certificates(files, from.directory / (from.name + ".pem")));
  BM_TRY(auto anchors, read_certificates(files, from.service_root));
  return Credentials{std::move(key), std::move(chain), std::move(anchors)};
}

Result<HostPort> read_host_port(std::string_view text) {
  const auto mark = text.rfind(':');
  const auto digits = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
  HostPort out;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (mark == 0 || digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || out.port == 0) {
    return fail(Code::bad_request, "an address is host:port");
  }
  out.host = text.substr(0, mark);
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  return out;
}

Result<std::unique_ptr<ApiClient>> ApiClient::open(const std::string& server, const Credentials& credentials,
                                                   std::chrono::milliseconds timeout) {
  BM_TRY(auto where, read_host_port(server));
  BM_TRY(auto context, tls::ClientContext::create(
                           {.anchors = credentials.anchors, .chain = credentials.chain, .key = &credentials.key}));
  auto client = http::Client::create(
      {.host = std::move(where.host), .port = where.port, .tls = std::move(context), .timeout = timeout});
  return std::unique_ptr<ApiClient>{new ApiClient{std::move(client)}};
}

Result<std::string> ApiClient::call(http::Method method, const std::string& target, const std::string& body,
                                    std::vector<http::Header> headers) {
  if (!body.empty()) {
    headers.push_back({"Content-Type", "application/json"});
  }
  BM_TRY(auto response, client_->request(method, target, std::move(headers), as_bytes(body)));
  if (response.status >= 300) {
    return fail(refusal(response));
  }
  return std::move(response.body);
}

Result<boost::json::value> ApiClient::post(const std::string& target, const boost::json::object& body) {
  BM_TRY(const auto answer, call(http::Method::post, target, json::write(body)));
  return json::read(std::string_view{answer}, kAnswerLimits);
}

Result<boost::json::value> ApiClient::order(const std::string& target, const boost::json::object& body) {
  Octets<16> key{};
  SystemEntropy{}.fill(key);
  const http::Header header{"Idempotency-Key", "\"" + to_hex(key) + "\""};
  const auto text = json::write(body);
  auto pause = kOrderPause;
  bool sent = false;  // the server may have seen it
  for (unsigned attempt = 1;; ++attempt) {
    const auto answer = call(http::Method::post, target, text, {header});
    if (answer) {
      return json::read(std::string_view{*answer}, kAnswerLimits);
    }
    sent = sent || answer.error().check == "nothing_answered";
    if (!sent || answer.error().code != Code::unavailable || attempt == kOrderAttempts) {
      return fail(answer.error());
    }
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

Result<boost::json::value> ApiClient::get(const std::string& target) {
  BM_TRY(const auto answer, call(http::Method::get, target, {}));
  return json::read(std::string_view{answer}, kAnswerLimits);
}

Result<std::string> ApiClient::get_text(const std::string& target) {
  return call(http::Method::get, target, {});
}

}  // namespace birthmark::cli

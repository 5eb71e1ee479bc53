// SPDX-License-Identifier: Apache-2.0
#include "agent/field/requests.h"

#include "codec/base64.h"
#include "codec/cms.h"

namespace birthmark::agent {
namespace {

constexpr std::size_t kWordsMax = 512;

Error unknown(const http::Response& answer) {
  return {Code::unavailable, "the server answers " + std::to_string(answer.status) + " and says no more", {}};
}

std::string member(const boost::json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->as_string()}.substr(0, kWordsMax) : std::string{};
}

Result<boost::json::value> read_answer(const Result<http::Response>& answer) {
  if (!answer) {
    return fail(answer.error());
  }
  if (answer->status < 200 || answer->status > 202) {
    return fail(refusal(*answer));
  }
  return json::read(answer->body);
}

}  // namespace

Error refusal(const http::Response& answer) {
  const auto problem = json::read(answer.body);
  if (problem && problem->is_object()) {
    const auto& object = problem->as_object();
    const auto code = code_named(member(object, "code"));
    return code ? Error{*code, member(object, "detail"), member(object, "check")} : unknown(answer);
  }
  // EST: "code: cause words".
  const auto colon = answer.body.find(':');
  const auto code = code_named(std::string_view{answer.body}.substr(0, colon));
  if (!code || colon == std::string::npos) {
    return unknown(answer);
  }
  auto words = answer.body.substr(colon + 1, kWordsMax);
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) {
    words.pop_back();
  }
  for (const auto known : {std::string_view{" "}, info(*code).cause, std::string_view{" "}}) {
    if (words.starts_with(known)) {
      words.erase(0, known.size());
    }
  }
  return {*code, std::move(words), {}};
}

Result<boost::json::value> post(http::Client& client, const std::string& path, const boost::json::value& body) {
  const auto text = json::write(body);
  return read_answer(client.request(http::Method::post, path, {{"Content-Type", "application/json"}}, as_bytes(text)));
}

Result<boost::json::value> get(http::Client& client, const std::string& target) {
  return read_answer(client.request(http::Method::get, target, {}, {}));
}

Result<Bytes> get_est(http::Client& client, const std::string& path) {
  BM_TRY(const auto answer, client.request(http::Method::get, path, {}, {}));
  if (answer.status != 200) {
    return fail(refusal(answer));
  }
  return base64::decode_lax_whitespace(answer.body, cms::kCertsOnlyMaxBytes);
}

Result<Bytes> post_est(http::Client& client, const std::string& path, BytesView csr) {
  const auto text = base64::encode(csr) + "\n";
  BM_TRY(const auto answer,
         client.request(http::Method::post, path,
                        {{"Content-Type", "application/pkcs10"}, {"Content-Transfer-Encoding", "base64"}},
                        as_bytes(text)));
  if (answer.status != 200) {
    return fail(refusal(answer));
  }
  return base64::decode_lax_whitespace(answer.body, cms::kCertsOnlyMaxBytes);
}

}  // namespace birthmark::agent

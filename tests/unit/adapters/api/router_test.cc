// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/router.h"

#include <gtest/gtest.h>

#include <set>

#include "codec/base64.h"
#include "codec/oid.h"
#include "unit/adapters/api/served_world.h"

namespace birthmark::test {
namespace {

using api::Channel;
using http::Method;
using lifecycle::Purpose;
using lifecycle::RootKind;
using lifecycle::State;

constexpr auto kPkcs10 = "application/pkcs10", kJson = "application/json";
constexpr auto kEnroll = "/.well-known/est/simpleenroll", kReenroll = "/.well-known/est/simplereenroll";

WorldOptions software_too() {
  WorldOptions options;
  options.policy.root_kinds = {RootKind::tpm, RootKind::software};
  return options;
}

/// RFC 9110 §15.5.6: who takes the wrong method is told the right ones.
TEST(Router, names_the_methods_of_a_path_that_takes_another_one) {
  ServedWorld w{WorldOptions{}};
  const auto allow = [&](Method method, const std::string& path) {
    const auto answer = w.device(method, path, {});
    std::string methods;
    for (const auto& header : answer.headers) {
      methods += header.name == "Allow" ? header.value : "";
    }
    return std::to_string(answer.status) + " " + methods;
  };
  EXPECT_EQ(allow(Method::get, "/v1/revalidate/challenge"), "405 POST");
  EXPECT_EQ(allow(Method::head, "/v1/seal"), "405 POST");
  EXPECT_EQ(allow(Method::post, "/v1/time"), "405 GET, HEAD");
  EXPECT_EQ(allow(Method::post, "/.well-known/est/cacerts"), "405 GET, HEAD");
  EXPECT_EQ(allow(Method::get, "/v1/none"), "404 ");
}

TEST(Router, a_deny_by_an_operator_is_urgent_and_nothing_else_is) {
  ServedWorld w{WorldOptions{}};
  api::Router router{w.services(), api::operator_routes()};
  const auto peer = [](Bytes certificate) {
    http::Peer out;
    out.certificate = std::move(certificate);
    return out;
  };
  const auto person = peer(w.somebody(pki::ProfileId::operator_person, "admin").certificate);
  const auto device = "/v1/devices/" + std::string(64, 'a');
  for (const auto* const deny : {"/suspend", "/revoke", "/%73uspend"}) {
    EXPECT_TRUE(router.urgent(Method::post, device + deny, person));
    EXPECT_FALSE(router.urgent(Method::get, device + deny, person));
    EXPECT_FALSE(router.urgent(Method::post, device + deny + "/", person));
  }
  for (const auto* const other : {"/hold", "/release", "/retire", "/reject", "/history", "/none", "/%zz", ""}) {
    EXPECT_FALSE(router.urgent(Method::post, device + other, person)) << other;
  }
  EXPECT_FALSE(router.urgent(Method::post, "/v1/batches", person));
  EXPECT_FALSE(router.urgent(Method::post, "", person));
  const auto gate = peer(w.somebody(pki::ProfileId::gate, "gate-1").certificate);
  const auto field = peer(w.world.device_in(State::operational).ldevid);
  for (const auto& stranger : {gate, field, peer({}), peer({1, 2, 3})}) {
    EXPECT_FALSE(router.urgent(Method::post, device + "/suspend", stranger));
  }
}

/// What is kept with a connection is what its certificate proves, and not that it is good for ever.
TEST(Router, an_open_connection_ends_with_its_certificate) {
  ServedWorld w{WorldOptions{}};
  const auto anna = w.somebody(pki::ProfileId::operator_person, "anna");
  api::Router router{w.services(), api::operator_routes()};
  http::Peer peer;
  peer.source = "192.0.2.7";
  peer.certificate = anna.certificate;
  peer.channel_binding = World::kBinding;
  http::Request request;
  request.method = Method::get;
  request.path = "/v1/batches";
  request.peer = &peer;
  EXPECT_EQ(router.serve(request).answer.status, 200);
  EXPECT_TRUE(peer.kept.has_value());
  EXPECT_EQ(router.serve(request).answer.status, 200);
  w.world.clock.advance(std::chrono::days{91});
  EXPECT_EQ(refusal_in(router.serve(request).answer), "credential_ended");
}

/// docs/adr/0003: connections without a channel binding, which only a development listener lets in.
class UnboundChannel : public testing::Test {
 protected:
  static ServedWorld::From unbound(Bytes certificate = {}) {
    return {.certificate = std::move(certificate), .channel_binding = {}};
  }
  http::Response est(const std::string& path, const Bytes& certificate, const PaperKey& key, Purpose purpose) {
    auto request = w_.world.est_request(certificate, key, purpose);
    std::vector<pkcs10::Attribute> attributes;
    const std::array names{x509::Extension{oids::subject_alt_name, false, request.presented_alt_name}};
    const auto extensions = x509::write_extensions(names);
    if (purpose == Purpose::renew) {
      attributes.push_back({oids::extension_request, extensions});
    }
    const auto csr = csr_of(
        key, purpose == Purpose::renew ? BytesView{request.presented_subject} : BytesView{kEmptyName}, attributes);
    return w_.device(Method::post, path, unbound(certificate), kPkcs10, to_bytes(as_bytes(base64::encode(csr))));
  }
  app::SoftwareRoots::Registered software_device(const PaperKey& key) {
    return must(w_.world.cases->software_roots.register_device(
        {.batch = "B-1", .csr = csr_of(key, kEmptyName, {}), .actor = "operator:test"}));
  }
  ServedWorld w_{software_too()};
  PaperKey key_{tpm::Template::idevid_birthmark};
};

/// RFC 7627 §5.2 says what such a handshake is worth; what needs a binding, and everything else, is refused before
/// anybody is looked at.
TEST_F(UnboundChannel, meets_a_refusal_on_every_path_but_those_of_est) {
  std::set<std::string_view> open;
  for (const auto& route : api::device_routes()) {
    const auto answer = w_.device(route.method, std::string{route.pattern}, unbound(), std::string{route.content_type});
    if (route.channel == Channel::any) {
      open.insert(route.pattern);
      continue;
    }
    EXPECT_EQ(refusal_in(answer), "binding") << route.pattern;
    EXPECT_EQ(answer.status, 403) << route.pattern;
  }
  EXPECT_EQ(open,
            (std::set<std::string_view>{"/.well-known/est/cacerts", "/.well-known/est/csrattrs", kEnroll, kReenroll}));
}

TEST_F(UnboundChannel, is_nothing_that_an_operator_s_path_takes) {
  for (const auto& route : api::operator_routes()) {
    EXPECT_EQ(route.channel, Channel::bound) << route.pattern;
  }
}

TEST_F(UnboundChannel, over_plain_http_is_what_the_public_listener_has) {
  for (const auto* const path : {"/healthz", "/readyz", "/log/checkpoint", "/log/tile/0/000"}) {
    EXPECT_EQ(w_.open(Method::get, path, unbound()).status, 200) << path;
  }
}

TEST_F(UnboundChannel, gives_out_what_everybody_may_have) {
  EXPECT_EQ(w_.device(Method::get, "/.well-known/est/cacerts", unbound()).status, 200);
  EXPECT_EQ(w_.device(Method::get, "/.well-known/est/csrattrs", unbound()).status, 200);
}

TEST_F(UnboundChannel, does_nothing_for_a_device_whatever_it_has_proved) {
  auto device = w_.world.device_in(State::enrolled);
  const auto evidence = to_bytes(as_bytes("{}"));
  for (const auto* const path : {"/v1/telemetry", "/v1/attest", "/v1/attest/challenge", "/v1/authorize",
                                 "/v1/revalidate", "/v1/revalidate/challenge", "/v1/retire"}) {
    EXPECT_EQ(refusal_in(w_.device(Method::post, path, unbound(device.ldevid), kJson, evidence)), "binding") << path;
  }
  EXPECT_EQ(w_.world.state(device), State::enrolled) << "telemetry would have been its first use";
  EXPECT_EQ(w_.world.refusals(Code::binding), 6U) << "each is audited, as every refusal of a caller that is known";
  must(w_.world.cases->refusals.flush(app::Refusals::Minutes::all));
  EXPECT_EQ(w_.world.count(audit::EntryKind::refusals_aggregated), 1U) << "use is counted: nothing waits for it";
  ServedWorld::From bound{.certificate = device.ldevid};
  EXPECT_EQ(w_.device(Method::post, "/v1/telemetry", bound, kJson, evidence).status, 202);
}

TEST_F(UnboundChannel, enrolls_no_hardware) {
  auto device = w_.world.device_in(State::provisioned);
  must(w_.world.attest(device, Purpose::enroll, key_));
  const auto refused = est(kEnroll, device.idevid, key_, Purpose::enroll);
  EXPECT_EQ(refusal_in(refused), "binding");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(w_.world.state(device), State::provisioned);
  EXPECT_EQ(w_.world.refusals(Code::binding), 1U);

  auto renewing = w_.world.device_in(State::operational);
  w_.world.clock.advance(std::chrono::days{20});
  must(w_.world.attest(renewing, Purpose::renew, key_));
  EXPECT_EQ(refusal_in(est(kReenroll, renewing.ldevid, key_, Purpose::renew)), "binding");
}

TEST_F(UnboundChannel, enrolls_and_renews_a_device_of_the_software_root) {
  w_.world.line();  // opens the batch
  const PaperKey operational{tpm::Template::idevid_birthmark}, renewed{tpm::Template::idevid_birthmark};
  const auto made = software_device(key_);
  EXPECT_EQ(est(kEnroll, made.idevid.certificate, operational, Purpose::enroll).status, 200);
  const auto record = must(w_.world.store().read_for<std::vector<app::CertificateRecord>>(
      [&](app::Tx& tx) { return tx.certificates_of(made.device.row); }));
  ASSERT_EQ(record.size(), 2U);
  const auto ldevid = app::certificate_of(record.back());
  EXPECT_EQ(est(kReenroll, ldevid, renewed, Purpose::renew).status, 200);
  EXPECT_EQ(refusal_in(w_.device(Method::post, "/v1/telemetry", unbound(ldevid), kJson, to_bytes(as_bytes("{}")))),
            "binding")
      << "and does no more for it than that";
}

}  // namespace
}  // namespace birthmark::test

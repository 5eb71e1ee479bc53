// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/adapters/tls/handshake.h"

namespace birthmark::tls {
namespace {

using testing::Pair;
using testing::Site;

// AC-23: the reason that a log needs is the verifier's; the library would only say that verification failed.
TEST(TlsRefusal, what_the_verifier_said_stays_with_the_connection_it_refused) {
  const Site site;
  const Error said{Code::credential_ended, "ended yesterday", "path.validity"};
  const auto server =
      site.serve(ClientCertificate::wanted, [&](BytesView) -> Result<std::uint64_t> { return fail(said); });
  for (const bool tls12_only : {false, true}) {
    Pair refused{server->native(), site.call(true, tls12_only)->native()};
    EXPECT_FALSE(refused.shake_hands());
    EXPECT_EQ(refusal_of(refused.server()), said);
    Pair stranger{server->native(), site.call(false, tls12_only)->native()};
    EXPECT_TRUE(stranger.shake_hands());
    EXPECT_EQ(refusal_of(stranger.server()), std::nullopt);
  }
}

TEST(TlsRefusal, a_verifier_that_throws_is_a_refusal_too) {
  const Site site;
  const auto server = site.serve(ClientCertificate::required, [](BytesView) -> Result<std::uint64_t> { throw 1; });
  Pair pair{server->native(), site.call(true)->native()};
  EXPECT_FALSE(pair.shake_hands());
  ASSERT_TRUE(refusal_of(pair.server()));
  EXPECT_EQ(refusal_of(pair.server())->code, Code::unavailable);
}

}  // namespace
}  // namespace birthmark::tls

// SPDX-License-Identifier: Apache-2.0
// The PKCS#11 adapter against SoftHSM.
#include "adapters/pkcs11/session.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/softhsm.h"

namespace birthmark::pkcs11 {
namespace {

class Pkcs11 : public testing::Test {
 protected:
  Pkcs11() {
    hsm_.add_token("element");
    module_ = Module::load(test::SoftHsm::library()).value();
  }
  std::unique_ptr<Session> session() { return Session::open(module_, "element", test::SoftHsm::pin()).value(); }

  test::SoftHsm hsm_;
  std::shared_ptr<const Module> module_;
};

TEST_F(Pkcs11, a_generated_key_signs_and_says_that_it_stays_inside) {
  const auto session = this->session();
  const auto key = session->generate("slot-0").value();
  EXPECT_EQ(key.type(), crypto::KeyType::p256);
  EXPECT_TRUE(stays_inside(session->attributes("slot-0").value()));
  const auto message = as_bytes("hello");
  const auto signature = session->sign_digest("slot-0", crypto::sha256(message)).value();
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, message, signature));
  EXPECT_FALSE(key.verify(crypto::SignatureScheme::ecdsa_sha256, as_bytes("hallo"), signature));
}

TEST_F(Pkcs11, a_blank_token_is_made_ready_once) {
  const auto officer = Secret{Bytes(8, '7')}, pin = Secret{Bytes(8, '3')};
  ASSERT_TRUE(module_->init_token("made here", officer, pin));
  EXPECT_TRUE(module_->token("made here"));
  EXPECT_TRUE(Session::open(module_, "made here", pin).value()->generate("slot-0"));
  EXPECT_EQ(module_->init_token(std::string(33, 'x'), officer, pin).error().code, Code::bad_request);
  EXPECT_EQ(module_->init_token("", officer, pin).error().code, Code::bad_request);
}

TEST_F(Pkcs11, keys_outlive_the_session) {
  const auto key = session()->generate("slot-0").value();
  EXPECT_EQ(session()->public_key("slot-0").value(), key);
}

TEST_F(Pkcs11, an_imported_key_does_not_stay_inside) {
  const auto outside = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  hsm_.import_key("element", "slot-1", outside.to_pem().value());
  const auto session = this->session();
  EXPECT_EQ(session->public_key("slot-1").value(), outside.public_key());
  const auto says = session->attributes("slot-1").value();
  EXPECT_FALSE(says.local);
  EXPECT_FALSE(stays_inside(says));
}

TEST_F(Pkcs11, a_label_names_one_key) {
  const auto session = this->session();
  ASSERT_TRUE(session->generate("slot-0"));
  EXPECT_EQ(session->generate("slot-0").error().code, Code::conflict);
  EXPECT_EQ(session->generate("").error().code, Code::conflict);
  EXPECT_EQ(session->public_key("slot-9").error().code, Code::not_found);
  EXPECT_EQ(session->sign_digest("slot-9", crypto::sha256({})).error().code, Code::not_found);
  const auto outside = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  hsm_.import_key("element", "slot-0", outside.to_pem().value());
  EXPECT_EQ(this->session()->public_key("slot-0").error().code, Code::conflict) << "whose is it?";
}

TEST_F(Pkcs11, a_destroyed_key_is_gone) {
  const auto session = this->session();
  ASSERT_TRUE(session->generate("slot-0"));
  ASSERT_TRUE(session->destroy("slot-0"));
  EXPECT_EQ(session->sign_digest("slot-0", crypto::sha256({})).error().code, Code::not_found);
  EXPECT_TRUE(session->destroy("slot-0")) << "again";
}

TEST_F(Pkcs11, a_key_keeps_what_it_is_under_another_label) {
  const auto session = this->session();
  const auto key = session->generate("slot-0").value();
  ASSERT_TRUE(session->relabel("slot-0", "slot-1"));
  EXPECT_EQ(session->public_key("slot-1").value(), key);
  const auto signature = session->sign_digest("slot-1", crypto::sha256(as_bytes("hello"))).value();
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, as_bytes("hello"), signature));
  EXPECT_EQ(session->public_key("slot-0").error().code, Code::not_found);
  EXPECT_EQ(session->relabel("slot-0", "slot-2").error().code, Code::not_found);
}

TEST_F(Pkcs11, objects_are_replaced_whole) {
  const auto session = this->session();
  EXPECT_EQ(session->read_object("chain").error().code, Code::not_found);
  ASSERT_TRUE(session->write_object("chain", Bytes(300, 7)));
  ASSERT_TRUE(session->write_object("chain", Bytes(20, 8)));
  EXPECT_EQ(session->read_object("chain").value(), Bytes(20, 8));
  EXPECT_EQ(session->write_object("chain", Bytes(Session::kObjectMaxBytes + 1)).error().code, Code::hsm_fault);
  EXPECT_EQ(session->read_object("chain").value(), Bytes(20, 8));
}

TEST_F(Pkcs11, a_wrong_pin_and_an_unknown_token_are_unavailable) {
  EXPECT_EQ(Session::open(module_, "element", Secret{Bytes{'1', '2', '3', '4'}}).error().code, Code::hsm_unavailable);
  EXPECT_EQ(Session::open(module_, "another", test::SoftHsm::pin()).error().code, Code::hsm_unavailable);
}

TEST_F(Pkcs11, two_tokens_of_one_label_are_told_from_none) {
  hsm_.add_token("element");
  module_ = nullptr;
  module_ = Module::load(test::SoftHsm::library()).value();
  EXPECT_EQ(module_->token("element").error().detail, "several tokens \"element\"");
  EXPECT_EQ(module_->token("another").error().detail, "no token \"another\"");
  ASSERT_EQ(module_->tokens().value().size(), 2U);
  EXPECT_EQ(module_->tokens().value().front().manufacturer, "SoftHSM project");
}

TEST(Pkcs11Module, what_is_no_module_is_unavailable) {
  const auto loaded = Module::load("/nonexistent/library.so");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::hsm_unavailable);
  EXPECT_FALSE(Module::load("/proc/self/exe"));
}

TEST(Pkcs11Refusals, what_is_gone_is_told_from_what_fails) {
  EXPECT_EQ(refused("C_Sign", 0x32).code, Code::hsm_unavailable);   // CKR_DEVICE_REMOVED
  EXPECT_EQ(refused("C_Sign", 0x101).code, Code::hsm_unavailable);  // CKR_USER_NOT_LOGGED_IN
  EXPECT_EQ(refused("C_Sign", 0x05).code, Code::hsm_fault);         // CKR_GENERAL_ERROR
}

}  // namespace
}  // namespace birthmark::pkcs11

/* The known answers of docs/vectors.md: whoever changes one changes the protocol. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/armor.h"
#include "keys/card.h"
#include "keys/chunk.h"
#include "keys/epoch.h"
#include "keys/invite.h"
#include "keys/revocation.h"
#include "keys/secret.h"
#include "proto/body.h"
#include "proto/chunker.h"
#include "proto/control.h"
#include "proto/control_erase.h"
#include "proto/directory.h"
#include "proto/handshake.h"
#include "proto/reconcile.h"
#include "proto/record.h"
#include "proto/run.h"

#define TIME_MS UINT64_C(1400000000000)
#define YEAR_MS UINT64_C(31536000000)
#define INSTANCE UINT64_C(0x0102030405060708)

struct vector {
    const char *name, *value; /* bytes in hex, texts as they are */
};
static const struct vector expected[] = {
    {"root0_pk", "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"},
    {"root1_pk", "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"},
    {"next_commit", "1c2e18b7e0da5902a2b187a66ca70eec64475e6b84747fefccf2eb2b970904e5"},
    {"pid", "cf4f2537340177aa1f45a61855fc7e297a0e4e20b239088d9966e0ab460cd81e"},
    {"sign_pk", "ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1"},
    {"noise_pk", "ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10b"},
    {"wrap_pk", "50a61409b1ddd0325e9b16b700e719e9772c07000b1bd7786e907c653d20495d"},
    {"wrap id", "25cfb40a0bfcc014"},
    {"fingerprint", "01192 48060 34007 30301 26846 17450 02225 43041"},
    {"charter",
     "01070707070707070707070707070707070707070707070707070707070707070700000145f680b00007566563746f727303696c6f264f72"
     "67616e69736174696f6e20696e7465726e6174696f6e616c65206475205472617661696c018a88e3dd7409f195fd52db2d3cba5d72ca6709"
     "bf1d94121bf3748801b40f6f5c1c2e18b7e0da5902a2b187a66ca70eec64475e6b84747fefccf2eb2b970904e50000014d4e31dc00010100"
     "000003696c6f00ca6b5f80294c7c604a3343e331064d852b0b1d43f45ec6b4ef676b848f1f71efa55b2b6a019af71f2fa15a006ae85f8305"
     "f9b560d6f7f0afefdf3ac88b8e5903"},
    {"nid", "ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb77620"},
    {"charter's name", "53b08f962cb08742584b28fc4d5e08d17680d46414fb3e4496192496a7fb7461"},
    {"certificate",
     "01ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb77620cf4f2537340177aa1f45a61855fc7e297a0e4e20b23908"
     "8d9966e0ab460cd81e000000008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1c2e18b7e0da5902a2b187"
     "a66ca70eec64475e6b84747fefccf2eb2b970904e50000000000000001ed4928c628d1c2c6eae90338905995612959273a5c63f93636c146"
     "14ac8737d1ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10b50a61409b1ddd0325e9b16b700e719e9772c07"
     "000b1bd7786e907c653d20495d02687101000300000145f680b0000000014d4e31dc000114676d6d2e6578616d706c652e6f72673a343436"
     "30b2c6dd4536b11946d4b95b46ea21f7d556b155420bb1a0822dae38c50743e98401682095fe0a4cf3a250d9bf3a2ffad581249947ec96bb"
     "86a91cd12584aaaa0f"},
    {"certificate's name", "f154867e009228fec509f5b3fcab1524199f9407a8ec15059d94fce8a7cfc8d5"},
    {"objects", "3517bd85f5794b767fe8cf8c712a9a43335b9b8f57248076ef116461e8e9c774"},
    {"rotation", "01ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb77620cf4f2537340177aa1f45a61855fc7e297a0"
                 "e4e20b239088d9966e0ab460cd81e000000018139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
                 "b8f5f7497a8cc464e6dfea818bbaf7845da4f1c6538f7cd58fb547891e795b5f0001f154867e009228fec509f5b3fcab15241"
                 "99f9407a8ec15059d94fce8a7cfc8d55b076f181182233494412aa8ffd8311ad341ada7b6788ab83f15aa2b35df55d81a690e"
                 "45fc17c2d186dc29b4f7374b4e759e723583d474a083e9995673c10a0c"},
    {"rotation's name", "5067e08f9831a39643392810caa30417dd5a163874c8f64b9d0af7120ff759d0"},
    {"revocation", "01ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb77620cf4f2537340177aa1f45a61855fc7e297"
                   "a0e4e20b239088d9966e0ab460cd81eed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d18a88"
                   "e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c00000145f680b001046c6f73740001000000000"
                   "0000000000000000000000000000000000000000000000000000000010203040506070800000000000000ff080000000000"
                   "0000000000000000000000000000000000000000000000000000442ac0593461d8fd4cbd277786a2745da98905c6bd5ad31"
                   "789a88cb680f12dec5eb027378e6cdb969a5a2bff9187e46937b49408ee2e11c65be6c54bf45e0109"},
    {"invite id", "909e792e841e5d9413ca8580d60f2d60"},
    {"card",
     "0103696c6f264f7267616e69736174696f6e20696e7465726e6174696f6e616c65206475205472617661696c01026871010266728a88e3dd"
     "7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1c2e18b7e0da5902a2b187a66ca70eec64475e6b84747fefccf2eb2b"
     "970904e5ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1ac01b2209e86354fb853237b5de0f4fab13c7fcb"
     "f433a61c019369617fecf10b50a61409b1ddd0325e9b16b700e719e9772c07000b1bd7786e907c653d20495d00042761d0b06a1082eda77a"
     "f39f82eaf33fbef57b9be4b356e0f866908be6609c839f1ef8f5114c81998082abb92f635709a2c3ac242c043b82139c2eb508cc0a"},
    {"join signature",
     "dbb361f3c7ff9d7d567d582cea727b54e602d9b7fd59d93737158af5cda4b9024a622f1f53674276ddc9af813bfa6d799b47623ec43b83a4"
     "09ff734d1a2dfc05"},
    {"join request's mac", "0f399cb4655ab49a29bf1fa9c35ccb007077ab42e1ae53e6adba6dac70abb79c"},
    {"armor", "gmm-card1:YWJjZMj_UR0"},
    {"gid of all", "1ee5ee2d9cf71f61192b674d383233da786a0ca065dcf03a74450bb71cbba2c8"},
    {"gid of decent-work", "19b54f28b082cf36f2204fa0dd085fbd7457dfc95433e3002267026a8bfccb7c"},
    {"gid of internal", "9e5101fe8ce4e224d1ec6d885620107a781c11e380577863bd6b89699ba8a877"},
    {"gid of the circle", "a7c2120568806e925daf997ef3f8a5a8ef4f6dfe12dbb43eaa8c7814d1d73d64"},
    {"ADMIT header",
     "0101000100000000ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb7762000000000000000000000000000000000"
     "00000000000000000000000000000000ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d10102030405060708"
     "0000000000000000e71e732f55c33842f2a0b33481a7c223cca98f448b96a4ae815f1dc0808f2c3c0145f680b00000000000000000000000"
     "0000000000000000000000000000000000000000000000000000010d405d5536b2b95cc6936d9b6ac754770ae2b06996fad7c1429a431798"
     "1f03c87d"},
    {"ADMIT id", "8d9c777d12336f1b9f9e912073ae426210956dac4abe3b044f8d7e636ff09508"},
    {"ADMIT head",
     "462522d1d05e7ded864d9f6b11fd27b05724786c2710cb5f3851adea0953088d86358dfbbc0f21feaff7ca07175998e2b68dc097038bb4f5"
     "52325982441f2907"},
    {"ADMIT run",
     "0000000000000000000000000000000000000000000000000000000000000000ed4928c628d1c2c6eae90338905995612959273a5c63f936"
     "36c14614ac8737d1010203040506070800000000000000000001030001000000000145f680b0000000000000000000000000000000000000"
     "00000000000000000000000000000000000000010d01cf4f2537340177aa1f45a61855fc7e297a0e4e20b239088d9966e0ab460cd81e0369"
     "6c6f264f7267616e69736174696f6e20696e7465726e6174696f6e616c65206475205472617661696c018a88e3dd7409f195fd52db2d3cba"
     "5d72ca6709bf1d94121bf3748801b40f6f5c1c2e18b7e0da5902a2b187a66ca70eec64475e6b84747fefccf2eb2b970904e5ed4928c628d1"
     "c2c6eae90338905995612959273a5c63f93636c14614ac8737d1ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fec"
     "f10bdbb361f3c7ff9d7d567d582cea727b54e602d9b7fd59d93737158af5cda4b9024a622f1f53674276ddc9af813bfa6d799b47623ec43b"
     "83a409ff734d1a2dfc05462522d1d05e7ded864d9f6b11fd27b05724786c2710cb5f3851adea0953088d86358dfbbc0f21feaff7ca071759"
     "98e2b68dc097038bb4f552325982441f2907"},
    {"EPOCH body",
     "01000000010097c3b10b4d6c133a78ea5dcc1cf6421d3f81ae37b1f628ce14ca6fce7730f333858b124ea4493daf502c28cd1fe086019c68"
     "869c65eeeb32912d3a7ce8b1eb3300000001ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d125cfb40a0bfc"
     "c014dfc223953b1bfe1395003133ebfb6e4439ad5058f2cea805e55f8c9e383d1ade83b13b28fdc2ebeac8b9b7a11ccfbafc"},
    {"EPOCH header",
     "0101002300000000ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb776201ee5ee2d9cf71f61192b674d383233da"
     "786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d10102030405060708"
     "00000000000000008160e5660bdc3d8abe9c1db846b58949137e75957ae528cc781cc8f06f854c760145f680b00000000000000000000000"
     "000000000000000000000000000000000000000000000000000000a2df0738f90ab17eb57357c16edbf2138cc793a3e021e13fc408eb7786"
     "7de8c5c0"},
    {"EPOCH id", "4ae4f56a79d7a0c423eee639134896d2b454230cf6d65ba0d5bdb43f9e9aa681"},
    {"EPOCH head",
     "0990f063e339977c9a52ecaba15aed1f0db222fdd857f7ba130a0b0e25687764ad7fb86b378cc6e9e5a5e046f504cd956772110f41f27a98"
     "5bfe21916ff93a03"},
    {"EPOCH run",
     "1ee5ee2d9cf71f61192b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f936"
     "36c14614ac8737d1010203040506070800000000000000000001030023000000000145f680b0000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000a201000000010097c3b10b4d6c133a78ea5dcc1cf6421d3f81ae37b1f628ce14ca6fce77"
     "30f333858b124ea4493daf502c28cd1fe086019c68869c65eeeb32912d3a7ce8b1eb3300000001ed4928c628d1c2c6eae903389059956129"
     "59273a5c63f93636c14614ac8737d125cfb40a0bfcc014dfc223953b1bfe1395003133ebfb6e4439ad5058f2cea805e55f8c9e383d1ade83"
     "b13b28fdc2ebeac8b9b7a11ccfbafc0990f063e339977c9a52ecaba15aed1f0db222fdd857f7ba130a0b0e25687764ad7fb86b378cc6e9e5"
     "a5e046f504cd956772110f41f27a985bfe21916ff93a03"},
    {"WRAP body",
     "014ae4f56a79d7a0c423eee639134896d2b454230cf6d65ba0d5bdb43f9e9aa681b307ae8660efaed4d6a65f6640896892ea4a1f0075555c"
     "489d1312a2e1677c28ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d125cfb40a0bfcc01400888932c4294d"
     "ca94d5e4032b8bc0d18974671cdc05a0f5ed2931fcbc86599b048b20f68c4ddf203aa04f2d067df74f"},
    {"second EPOCH body",
     "0100000002014ae4f56a79d7a0c423eee639134896d2b454230cf6d65ba0d5bdb43f9e9aa6817e81e916e3afcdb31ef74d8db923f2ba15b8"
     "2a1aa6594ea228dcdf27d7b54f6c626fd01cd9f120bd5cc1d9af9e5e7759669dca7352f89babe1c0cbcd1e791316010100f6187974a05100"
     "b4d0f0800d2500de4edf4af27ec537a1b51d6564b93111d55e4d9cfccad36776924ba5aed61981c6190001ed4928c628d1c2c6eae9033890"
     "5995612959273a5c63f93636c14614ac8737d125cfb40a0bfcc0143e313b1b10b6f401d151c7974d5c082fd889e1784caf6bd5a2a9489107"
     "847399a8effb486a9e399bf233838ed4058c94"},
    {"DOCUMENT record",
     "86a46c616e67a26672a57469746c65a441766973a673796d626f6ca5474d4d2f31a7636f6e74656e74c407426f6e6a6f7572a76d61726b69"
     "6e6700a776657273696f6e01"},
    {"DOCUMENT body",
     "10477dc35d1f198acd4035f0d2b2be85cc34ffcd7f7c514f076b75147d592883711e0607a46f9928f527539881b22af957fa0e36cf6d3c9e1"
     "3558afa788315d03d9e362ad40955109429b9835b3765a5764a53e2f87ffaea559327599acf431ec3e40628691ff579523572396511e5361d"
     "94730e08e0b9bea7ea9fc2cd34a22b219ba142e273f3c83bb8c0ff14ee92e48673bbd21239c9e7e3f93adeddea39be461b6d00e939bdc8989"
     "4aee217210db6de0e55e36f4231d19622c4adea6e92bffade7f0890da8bb30b9488d42eca1f86e718a41e784b96d9337a44e46cc6b8336c3c"
     "6e2b6fb8db2fcb394c65b3272585e50683fa1c9f78a2d962c60fbc5d9c957f5ca4d90b82771a6f973e1b832043158cd58d3dae8cffe12df3e"
     "7d4de56ff89441628492180f639d3c4162cc78c3ae1e383336e2002e02cf8f226fcb715a21ad2e017ccc93f5158"},
    {"DOCUMENT key", "eab7548ccff26511918a00c35ddccd1781852100d74450075e1393c3607e5b6e"},
    {"DOCUMENT header", "0101004000000000ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb776201ee5ee2d9cf71f"
                        "61192b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63"
                        "f93636c14614ac8737d1010203040506070800000000000000008160e5660bdc3d8abe9c1db846b58949137e75957a"
                        "e528cc781cc8f06f854c760145f680b00000004ae4f56a79d7a0c423eee639134896d2b454230cf6d65ba0d5bdb43f"
                        "9e9aa6810000014851022ad002e420d06391bbead8834bedfd6ae8986cfce426960185ec16dddc86"},
    {"DOCUMENT id", "3cebbcee07ee13250a05f2b16c3f8a7b85115c7cdefd020c33eaeb3b8f43836a"},
    {"DOCUMENT head", "ea859fe4cfb6f1b134f3695b725d0f9f37e694db595439ba0ef328f93582d2545c4b72572e30b67876df0ea0e4b50a95"
                      "e657fa3428e5bdacdcbb75b1b084ce05"},
    {"DOCUMENT run",
     "1ee5ee2d9cf71f61192b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f9363"
     "6c14614ac8737d1010203040506070800000000000000000001030040000000000145f680b00000004ae4f56a79d7a0c423eee639134896d2"
     "b454230cf6d65ba0d5bdb43f9e9aa6810000014810477dc35d1f198acd4035f0d2b2be85cc34ffcd7f7c514f076b75147d592883711e0607a"
     "46f9928f527539881b22af957fa0e36cf6d3c9e13558afa788315d03d9e362ad40955109429b9835b3765a5764a53e2f87ffaea559327599a"
     "cf431ec3e40628691ff579523572396511e5361d94730e08e0b9bea7ea9fc2cd34a22b219ba142e273f3c83bb8c0ff14ee92e48673bbd2123"
     "9c9e7e3f93adeddea39be461b6d00e939bdc89894aee217210db6de0e55e36f4231d19622c4adea6e92bffade7f0890da8bb30b9488d42eca"
     "1f86e718a41e784b96d9337a44e46cc6b8336c3c6e2b6fb8db2fcb394c65b3272585e50683fa1c9f78a2d962c60fbc5d9c957f5ca4d90b827"
     "71a6f973e1b832043158cd58d3dae8cffe12df3e7d4de56ff89441628492180f639d3c4162cc78c3ae1e383336e2002e02cf8f226fcb715a2"
     "1ad2e017ccc93f5158ea859fe4cfb6f1b134f3695b725d0f9f37e694db595439ba0ef328f93582d2545c4b72572e30b67876df0ea0e4b50a9"
     "5e657fa3428e5bdacdcbb75b1b084ce05"},
    {"P(256)", "256"},
    {"P(257)", "272"},
    {"P(1000)", "1024"},
    {"P(5000)", "5120"},
    {"P(100001)", "100352"},
    {"P(1048536)", "1048576"},
    {"ERASE body", "01ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1010203040506070800000000000000003"
                   "cebbcee07ee13250a05f2b16c3f8a7b85115c7cdefd020c33eaeb3b8f43836a"},
    {"ERASE header", "0101002600000000ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb776201ee5ee2d9cf71f611"
                     "92b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f93636"
                     "c14614ac8737d1010203040506070800000000000000013cebbcee07ee13250a05f2b16c3f8a7b85115c7cdefd020c33e"
                     "aeb3b8f43836a0145f680b000000100000000000000000000000000000000000000000000000000000000000000000000"
                     "00513e9bd49ec72e5da994b5e0241b9b91746ef146c4fe7af50db88c10f5998e0a5d"},
    {"ERASE id", "5f6e553fec83a3b8cd7745f5781c777f5a9722ad3398c7f423a1a6da65ff0fd5"},
    {"ERASE head", "43e5ccc88300adfa2ffbe7bb62ac61e6cbeafffbbcc58571a0a7e67cc96df39c0a719ef92085251e3d4e4ade0091112a33f"
                   "21059c8f4127660f9677a7e8a800d"},
    {"ERASE run",
     "1ee5ee2d9cf71f61192b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f9363"
     "6c14614ac8737d1010203040506070800000000000000010001030026000000000145f680b000000100000000000000000000000000000000"
     "000000000000000000000000000000000000005101ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d10102030"
     "40506070800000000000000003cebbcee07ee13250a05f2b16c3f8a7b85115c7cdefd020c33eaeb3b8f43836a43e5ccc88300adfa2ffbe7bb"
     "62ac61e6cbeafffbbcc58571a0a7e67cc96df39c0a719ef92085251e3d4e4ade0091112a33f21059c8f4127660f9677a7e8a800d"},
    {"ERASED body", "01000220202020202020202020202020202020202020202020202020202020202020203cebbcee07ee13250a05f2b16c3f"
                    "8a7b85115c7cdefd020c33eaeb3b8f43836a"},
    {"ERASED header", "0101002700000000ac55f00ee25968fe01c274c4ca9b5b45c9e564137085eb1bde46908b4eb776201ee5ee2d9cf71f61"
                      "192b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f936"
                      "36c14614ac8737d1010203040506070800000000000000025f6e553fec83a3b8cd7745f5781c777f5a9722ad3398c7f4"
                      "23a1a6da65ff0fd50145f680b00000020000000000000000000000000000000000000000000000000000000000000000"
                      "00000043695602b4eff1e121cdc02c633515e764986a0007a4200c1ff44986ba4f23b3d4"},
    {"ERASED id", "44b0e76a7e6f5e1767ef6b885799f40e1b1f76a18b8e63f4c3a069ef265db0d7"},
    {"ERASED head", "aa69e1732ac64dba1cb8a4b4332526b7d1172e5f152fdc935ad51782673f273da90483d02ec8f6c32cd5295c08cbde31de"
                    "d304c45ba86e8ea9ebf70981931401"},
    {"ERASED run",
     "1ee5ee2d9cf71f61192b674d383233da786a0ca065dcf03a74450bb71cbba2c8ed4928c628d1c2c6eae90338905995612959273a5c63f9363"
     "6c14614ac8737d1010203040506070800000000000000020001030027000000000145f680b000000200000000000000000000000000000000"
     "000000000000000000000000000000000000004301000220202020202020202020202020202020202020202020202020202020202020203ce"
     "bbcee07ee13250a05f2b16c3f8a7b85115c7cdefd020c33eaeb3b8f43836aaa69e1732ac64dba1cb8a4b4332526b7d1172e5f152fdc935ad5"
     "1782673f273da90483d02ec8f6c32cd5295c08cbde31ded304c45ba86e8ea9ebf70981931401"},
    {"conv", "54af9ada2bbe6d512db48c0b6c9ffc0bf7a8a7ae61dff4df86e6341b416906df"},
    {"chunk's key", "cdecafb7f4211d27a4eb2c5a7f9a229ea34a55b6bb809ce99913d08302cf06d1"},
    {"chunk's first 16 bytes", "496bc881b3f1b5aad6ca9f36d8323aa7"},
    {"chunk's commitment", "4a86039c927a10070936b28ad6a524d479a48865b2278e5cf5440eae290c5ba9"},
    {"chunk's id", "2b6fb6e46d98d4437430b98de281a8494a34585749aabe5a7140d2c4217c27df"},
    {"gear[255]", "761e9c8b00d74d5c"},
    {"cuts",
     "1144224 1022672 506600 1078610 1141505 1070559 1050936 1498718 1204600 1444018 567085 1242467 1084310 277792 115"
     "5391 1287729"},
    {"first 72 bytes",
     "474d4d010100000092847f00556f903cd1d2e1d704d038b0197fc2c567dc03ee2aadf0ed86681dac24daa76e83ca555875dd3be7376e5306"
     "084a1108003ae86d7ed458cb92748f5a"},
    {"opening, SPLIT",
     "0001000114141414141414141414141414141414141414141414141414141414141414140100000000106f50e5e3372c7a1e94ce807777b0"
     "d908b3cac9b96f522ff30e81ba5dd5a396583c72b3f002bdbf846f52739f399d4cf4d0150c39af1ec8175a74e2f26f533fdc84fcc36288ba"
     "1fe36fd2351bd23e527a6f54ccda2e1e6f83133a19bed10ba923b9268ae36f55898bc650e447b1658b720afadddd85ace27a6f5600d4f736"
     "ebb7c1b76c291aad0c8a9a628b106f578f5a398a5013bae14726318a66613e1de8b26f57de5ee354bd872e62da1eedf1ceb366a8f4046f59"
     "0d88efc591e2d63e74d07f90d444138bf1e06f593691277c0e146f20907839b72c4cf729e8666f59f73178c400546ffaf10875a357bcc0a2"
     "40ee6f5a65edbbf6c3d0134b75aa67daa667d4791ab16f5c6f927cb345e1b3c67891d7cc824faf7290366f5cb0d02bc06e83f84eb459c67b"
     "06a650bf24a6ffffffff2478af3623b3964a992a967d0058f0a0"},
    {"opening, one sum",
     "000100011414141414141414141414141414141414141414141414141414141414141414010000000001ffffffff25b659a8cb4aa4bdb77c"
     "70f501946f2d"},
    {"opening, LIST",
     "0001000114141414141414141414141414141414141414141414141414141414141414140200000000ffffffff036f7da593ff27ce3797d8"
     "a38aed5b12b9d449bb3410bec514"},
};
#define EXPECTED (sizeof expected / sizeof *expected)

static bool seen[EXPECTED];
static unsigned wrong;

static void text(const char *name, const char *value)
{
    for (size_t i = 0; i < EXPECTED; i++)
        if (strcmp(expected[i].name, name) == 0 && strcmp(expected[i].value, value) == 0 && !seen[i]) {
            seen[i] = true;
            return;
        }
    wrong++;
    print_error("vector|%s|%s\n", name, value);
}

static void bytes(const char *name, const void *data, size_t len)
{
    char *hex = malloc(2 * len + 1);
    assert_non_null(hex);
    sodium_bin2hex(hex, 2 * len + 1, data, len);
    text(name, hex);
    free(hex);
}

static void id(const char *name, const struct gmm_id *value)
{
    bytes(name, value->b, sizeof value->b);
}

/* The office of all vectors: its secrets are 32 equal bytes each. */
static struct {
    uint8_t root0_sk[64], root1_sk[64], sign_sk[64], noise_sk[32], wrap_sk[32];
    struct gmm_id root0_pk, root1_pk, root2_pk, next_commit, pid, sign_pk, noise_pk, wrap_pk;
    struct gmm_id nid, all, epoch, certificate, document;
    uint8_t signature[HASH_SIG_BYTES];
} office;

static void pair(struct gmm_id *pk, uint8_t sk[64], uint8_t byte)
{
    uint8_t seed[32];
    memset(seed, byte, sizeof seed);
    identity_pair(pk, sk, seed);
}

static void dh_pair(struct gmm_id *pk, uint8_t sk[32], uint8_t byte)
{
    memset(sk, byte, 32);
    crypto_scalarmult_base(pk->b, sk);
}

static void identities(void)
{
    uint8_t unused_sk[64], wrap_id[8];
    char fingerprint[CARD_FINGERPRINT_TEXT];
    pair(&office.root0_pk, office.root0_sk, 1);
    pair(&office.root1_pk, office.root1_sk, 2);
    pair(&office.root2_pk, unused_sk, 6);
    pair(&office.sign_pk, office.sign_sk, 3);
    dh_pair(&office.noise_pk, office.noise_sk, 4);
    dh_pair(&office.wrap_pk, office.wrap_sk, 5);
    identity_next_commit(&office.next_commit, &office.root1_pk);
    identity_pid(&office.pid, &office.root0_pk, &office.next_commit);
    epoch_wrap_id(wrap_id, &office.wrap_pk);
    card_fingerprint(fingerprint, &office.sign_pk, &office.noise_pk);
    id("root0_pk", &office.root0_pk);
    id("root1_pk", &office.root1_pk);
    id("next_commit", &office.next_commit);
    id("pid", &office.pid);
    id("sign_pk", &office.sign_pk);
    id("noise_pk", &office.noise_pk);
    id("wrap_pk", &office.wrap_pk);
    bytes("wrap id", wrap_id, sizeof wrap_id);
    text("fingerprint", fingerprint);
}

static void add(struct directory *d, uint8_t kind, const char *name, const void *object, size_t len)
{
    const struct directory_object *added;
    uint8_t *whole = malloc(len + 1);
    assert_non_null(whole);
    whole[0] = kind;
    memcpy(whole + 1, object, len);
    assert_int_equal(directory_add(d, whole, len + 1, &added), GMM_OK);
    id(name, &added->hash);
    if (kind == DIRECTORY_CERTIFICATE)
        office.certificate = added->hash;
    free(whole);
}

static void charter(struct directory *d)
{
    struct charter c = {.time_ms = TIME_MS,
                        .term_until_ms = TIME_MS + YEAR_MS,
                        .name = "Vectors",
                        .founder_id = "ilo",
                        .founder_name = "Organisation internationale du Travail",
                        .founder_kind = IDENTITY_MEMBER,
                        .admission = CHARTER_BY_CHAIR,
                        .thematic = CHARTER_THEMATIC_OPEN,
                        .founder_root_pk = office.root0_pk,
                        .founder_next_commit = office.next_commit,
                        .leads = {"", "", "", "ilo", ""}};
    struct buffer out;
    memset(c.random, 7, sizeof c.random);
    buffer_init(&out, CHARTER_BYTES_MAX);
    assert_int_equal(charter_make(&out, &c, office.root0_sk), GMM_OK);
    office.nid = c.nid;
    bytes("charter", out.p, out.len);
    id("nid", &office.nid);
    add(d, DIRECTORY_CHARTER, "charter's name", out.p, out.len);
    buffer_close(&out);
}

static void certificate(struct directory *d)
{
    struct certificate c = {.nid = office.nid,
                            .pid = office.pid,
                            .root_pk = office.root0_pk,
                            .next_commit = office.next_commit,
                            .sign_pk = office.sign_pk,
                            .noise_pk = office.noise_pk,
                            .wrap_pk = office.wrap_pk,
                            .serial = 1,
                            .not_before_ms = TIME_MS,
                            .not_after_ms = TIME_MS + YEAR_MS,
                            .office = "hq",
                            .level = IDENTITY_HQ,
                            .roles = CERTIFICATE_ROLE_VOTE | CERTIFICATE_ROLE_DECIDE,
                            .address_count = 1,
                            .addresses = {"gmm.example.org:4460"}};
    struct buffer out;
    buffer_init(&out, CERTIFICATE_BYTES_MAX);
    assert_int_equal(certificate_make(&out, &c, office.root0_sk), GMM_OK);
    bytes("certificate", out.p, out.len);
    add(d, DIRECTORY_CERTIFICATE, "certificate's name", out.p, out.len);
    buffer_close(&out);
}

static void rotation_and_revocation(struct directory *d)
{
    struct identity_rotation rotation = {.nid = office.nid, .pid = office.pid, .root_pk = office.root1_pk, .n = 1};
    uint8_t rotated[IDENTITY_ROTATION_BYTES + 32];
    struct gmm_id standing = office.certificate;
    struct revocation_cut cut = {.id = {{8}}, .instance = INSTANCE, .seq = 255};
    struct revocation revocation = {.nid = office.nid,
                                    .pid = office.pid,
                                    .sign_pk = office.sign_pk,
                                    .signer = office.root0_pk,
                                    .time_ms = TIME_MS + 1,
                                    .reason = "lost",
                                    .count = 1,
                                    .cuts = &cut};
    struct buffer out;
    identity_next_commit(&rotation.next_commit, &office.root2_pk);
    rotation.standing = standing.b;
    rotation.standing_count = 1;
    assert_int_equal(identity_rotation_make(rotated, &rotation, office.root1_sk), GMM_OK);
    bytes("rotation", rotated, sizeof rotated);
    add(d, DIRECTORY_ROTATION, "rotation's name", rotated, sizeof rotated);
    buffer_init(&out, 4096);
    assert_int_equal(revocation_make(&out, &revocation, office.root0_sk), GMM_OK);
    bytes("revocation", out.p, out.len);
    buffer_close(&out);
}

static void objects(void)
{
    struct gmm_id fingerprint;
    struct directory *d = directory_new();
    assert_non_null(d);
    charter(d);
    certificate(d);
    directory_fingerprint(d, &fingerprint);
    id("objects", &fingerprint);
    rotation_and_revocation(d);
    directory_free(d);
}

static void joining(void)
{
    struct card card = {.id = "ilo",
                        .name = "Organisation internationale du Travail",
                        .kind = IDENTITY_MEMBER,
                        .office = "hq",
                        .level = IDENTITY_HQ,
                        .lang = "fr",
                        .root_pk = office.root0_pk,
                        .next_commit = office.next_commit,
                        .sign_pk = office.sign_pk,
                        .noise_pk = office.noise_pk,
                        .wrap_pk = office.wrap_pk};
    struct buffer made, request, line;
    uint8_t secret[32], invite[CARD_INVITE_ID_BYTES];
    memset(secret, 9, sizeof secret);
    invite_id(invite, secret);
    bytes("invite id", invite, sizeof invite);
    buffer_init(&made, CARD_BYTES_MAX);
    buffer_init(&request, LIMIT_JOIN_REQUEST);
    buffer_init(&line, LIMIT_ARMOR_BYTES);
    assert_int_equal(card_make(&made, &card, office.sign_sk), GMM_OK);
    bytes("card", made.p, made.len);
    struct card_join join = {.nid = office.nid, .pid = office.pid, .card_bytes = made.p, .card_len = made.len};
    memcpy(join.invite_id, invite, sizeof invite);
    memcpy(join.person, "anna", 5);
    assert_int_equal(card_join_make(&request, &join, office.sign_sk, secret), GMM_OK);
    memcpy(office.signature, join.signature, sizeof office.signature);
    bytes("join signature", join.signature, sizeof join.signature);
    bytes("join request's mac", request.p + request.len - 32, 32);
    assert_int_equal(armor_write(&line, "card", "abcd", 4), GMM_OK);
    buffer_put_u8(&line, 0);
    text("armor", (const char *)line.p);
    buffer_close(&made);
    buffer_close(&request);
    buffer_close(&line);
}

static void groups(void)
{
    static const struct gmm_id nobody;
    struct gmm_id gid;
    uint8_t random[16];
    memset(random, 10, sizeof random);
    epoch_group_id(&office.all, &office.nid, GROUP_ALL, &nobody, "all", 3);
    id("gid of all", &office.all);
    epoch_group_id(&gid, &office.nid, GROUP_THEMATIC, &nobody, "decent-work", 11);
    id("gid of decent-work", &gid);
    epoch_group_id(&gid, &office.nid, GROUP_INTERNAL, &office.pid, "internal", 8);
    id("gid of internal", &gid);
    epoch_group_id(&gid, &office.nid, GROUP_CIRCLE, &office.pid, random, sizeof random);
    id("gid of the circle", &gid);
}

/* Header, id, head and run of one entry, under these names. */
static void entry(const char *const names[4], struct header *h, const void *body, size_t len, struct gmm_id *entry_id)
{
    uint8_t header[HEADER_BYTES], sig[HASH_SIG_BYTES];
    struct run *run;
    struct buffer out;
    h->body_len = (uint32_t)len;
    header_body_hash(&h->body_hash, body, len);
    header_encode(header, h);
    header_id(entry_id, header);
    struct run_key key;
    run_key_of(&key, h);
    run_head_sign(sig, office.sign_sk, &office.nid, &key, h->seq, entry_id);
    const struct run_source source = {header, body, (uint32_t)len};
    assert_int_equal(run_make(&run, &source, 1, sig), GMM_OK);
    buffer_init(&out, LIMIT_RUN_BYTES);
    assert_int_equal(run_encode(&out, run), GMM_OK);
    bytes(names[0], header, sizeof header);
    id(names[1], entry_id);
    bytes(names[2], sig, sizeof sig);
    bytes(names[3], out.p, out.len);
    buffer_close(&out);
    run_free(run);
}

static struct header header_of(uint16_t type, const struct gmm_id *group)
{
    struct header h = {.version = 1,
                       .suite = 1,
                       .type = type,
                       .network = office.nid,
                       .group = *group,
                       .author = office.sign_pk,
                       .instance = INSTANCE,
                       .time = TIME_MS << 16};
    header_log0(&h.prev, &h.network, &h.group, &h.author, h.instance);
    return h;
}

static void admission(void)
{
    static const char *const names[4] = {"ADMIT header", "ADMIT id", "ADMIT head", "ADMIT run"};
    static const struct gmm_id control;
    struct control_admit admit = {.pid = office.pid,
                                  .root_pk = office.root0_pk,
                                  .next_commit = office.next_commit,
                                  .sign_pk = office.sign_pk,
                                  .noise_pk = office.noise_pk,
                                  .id = "ilo",
                                  .name = "Organisation internationale du Travail",
                                  .kind = IDENTITY_MEMBER};
    struct header h = header_of(HEADER_ADMIT, &control);
    struct gmm_id entry_id;
    struct buffer body;
    memcpy(admit.join_signature, office.signature, sizeof admit.join_signature);
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(control_admit_encode(&body, &admit), GMM_OK);
    entry(names, &h, body.p, body.len, &entry_id);
    buffer_close(&body);
}

static void epoch(void)
{
    static const char *const names[4] = {"EPOCH header", "EPOCH id", "EPOCH head", "EPOCH run"};
    const struct epoch_context ctx = {&office.nid, &office.all, &office.sign_pk};
    const struct epoch_target target = {office.sign_pk, office.wrap_pk};
    struct header h = header_of(HEADER_EPOCH, &office.all);
    uint8_t secret[32], eph_sk[32], rewrap[EPOCH_REWRAP_BYTES];
    struct epoch made;
    struct buffer body;
    memset(secret, 11, sizeof secret);
    memset(eph_sk, 12, sizeof eph_sk);
    assert_int_equal(epoch_make(&made, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, true, &target, 1, secret, eph_sk),
                     GMM_OK);
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(epoch_encode(&body, &made), GMM_OK);
    bytes("EPOCH body", body.p, body.len);
    entry(names, &h, body.p, body.len, &office.epoch);
    memset(eph_sk, 13, sizeof eph_sk);
    assert_int_equal(epoch_rewrap(rewrap, &office.epoch, &made, &ctx, &target, secret, eph_sk), GMM_OK);
    bytes("WRAP body", rewrap, sizeof rewrap);
    buffer_close(&body);
    epoch_close(&made);
}

/* A second epoch of the group, which wraps the first one's secret. */
static void history(void)
{
    const struct epoch_context ctx = {&office.nid, &office.all, &office.sign_pk};
    const struct epoch_target target = {office.sign_pk, office.wrap_pk};
    uint8_t parent[32], secret[32], eph_sk[32];
    const uint8_t *const parents[1] = {parent};
    struct epoch made;
    struct buffer body;
    memset(parent, 11, sizeof parent);
    memset(secret, 14, sizeof secret);
    memset(eph_sk, 15, sizeof eph_sk);
    assert_int_equal(
        epoch_make(&made, &ctx, 2, EPOCH_DOMAIN_INHERITED, &office.epoch, parents, 1, true, &target, 1, secret, eph_sk),
        GMM_OK);
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(epoch_encode(&body, &made), GMM_OK);
    bytes("second EPOCH body", body.p, body.len);
    buffer_close(&body);
    epoch_close(&made);
}

static void document(void)
{
    static const char *const names[4] = {"DOCUMENT header", "DOCUMENT id", "DOCUMENT head", "DOCUMENT run"};
    const struct record_document r = {.title = {"Avis", 4},
                                      .symbol = {"GMM/1", 5},
                                      .lang = {"fr", 2},
                                      .version = 1,
                                      .content = {.size = 7, .inline_bytes = (const uint8_t *)"Bonjour"}};
    struct header h = header_of(HEADER_DOCUMENT, &office.all);
    uint8_t prefix[HEADER_BYTES], secret[32], node_secret[32], random[32], key[32];
    struct buffer plain, body;
    memset(secret, 11, sizeof secret);
    memset(node_secret, 16, sizeof node_secret);
    memset(random, 17, sizeof random);
    h.epoch = office.epoch;
    header_encode(prefix, &h);
    buffer_init(&plain, LIMIT_BODY_BYTES);
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(record_document_encode(&plain, &r), GMM_OK);
    bytes("DOCUMENT record", plain.p, plain.len);
    assert_int_equal(body_seal(&body, secret, prefix, plain.p, plain.len, node_secret, random), GMM_OK);
    bytes("DOCUMENT body", body.p, body.len);
    assert_int_equal(seal_reveal(key, secret, prefix, body.p, body.len), GMM_OK);
    bytes("DOCUMENT key", key, sizeof key);
    entry(names, &h, body.p, body.len, &office.document);
    buffer_close(&plain);
    buffer_close(&body);
}

/* It goes, and the office says that it is gone: the next two entries of the log. */
static void erasure(void)
{
    static const char *const erase_names[4] = {"ERASE header", "ERASE id", "ERASE head", "ERASE run"};
    static const char *const erased_names[4] = {"ERASED header", "ERASED id", "ERASED head", "ERASED run"};
    const struct control_erase erase = {
        .author = office.sign_pk, .instance = INSTANCE, .seq = 0, .id = office.document};
    struct header h = header_of(HEADER_ERASE, &office.all);
    struct gmm_id erase_id, erased_id, gone[2];
    struct buffer body;
    h.seq = 1;
    h.time++;
    h.prev = office.document;
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(control_erase_encode(&body, &erase), GMM_OK);
    bytes("ERASE body", body.p, body.len);
    entry(erase_names, &h, body.p, body.len, &erase_id);
    buffer_close(&body);
    h = header_of(HEADER_ERASED, &office.all);
    h.seq = 2;
    h.time += 2;
    h.prev = erase_id;
    memset(gone[0].b, 0x20, sizeof gone[0].b);
    gone[1] = office.document;
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(control_erased_encode(&body, gone, 2), GMM_OK);
    bytes("ERASED body", body.p, body.len);
    entry(erased_names, &h, body.p, body.len, &erased_id);
    buffer_close(&body);
}

static void padding(void)
{
    static const size_t sizes[] = {256, 257, 1000, 5000, 100001, 1048536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[32], value[32];
        snprintf(name, sizeof name, "P(%zu)", sizes[i]);
        snprintf(value, sizeof value, "%zu", seal_padded_size(sizes[i]));
        text(name, value);
    }
}

static void chunk(const uint8_t conv[32])
{
    uint8_t plain[1000], key[32], *sealed = malloc(chunk_sealed_size(sizeof plain));
    struct gmm_id chunk_id;
    assert_non_null(sealed);
    memset(plain, 'a', sizeof plain);
    assert_int_equal(chunk_seal(sealed, key, &chunk_id, conv, &office.nid, &office.all, plain, sizeof plain), GMM_OK);
    bytes("conv", conv, 32);
    bytes("chunk's key", key, sizeof key);
    bytes("chunk's first 16 bytes", sealed, 16);
    bytes("chunk's commitment", sealed + chunk_sealed_size(sizeof plain) - 32, 32);
    id("chunk's id", &chunk_id);
    free(sealed);
}

/* The stream of ChaCha20 (IETF) under a key and a nonce of zeros, 16 MiB of it. */
static void cuts(const uint8_t conv[32])
{
    static const uint8_t key[32], nonce[12];
    const size_t len = (size_t)16 << 20;
    char lengths[256] = "";
    size_t at = 0, length = 0;
    struct chunker c;
    uint8_t *stream = malloc(len), first[8];
    assert_non_null(stream);
    crypto_stream_chacha20_ietf(stream, len, nonce, key);
    chunker_init(&c, conv);
    bytes_store_u64(first, c.gear[255]);
    bytes("gear[255]", first, sizeof first);
    while (at < len) {
        bool cut;
        size_t used = chunker_feed(&c, stream + at, len - at, &cut), written = strlen(lengths);
        at += used;
        length += used;
        if (cut || at == len) {
            snprintf(lengths + written, sizeof lengths - written, "%s%zu", written == 0 ? "" : " ", length);
            length = 0;
        }
    }
    text("cuts", lengths);
    chunker_close(&c);
    free(stream);
}

static void attachments(void)
{
    uint8_t secret[32], conv[32];
    memset(secret, 11, sizeof secret);
    chunk_domain(conv, secret, &office.all);
    chunk(conv);
    cuts(conv);
}

static void session(void)
{
    uint8_t ephemeral[32], initiator_sk[32];
    struct gmm_id initiator_pk;
    struct handshake *h;
    struct buffer wire;
    dh_pair(&initiator_pk, initiator_sk, 18);
    memset(ephemeral, 19, sizeof ephemeral);
    const struct handshake_config config = {.initiator = true,
                                            .purpose = HANDSHAKE_OFFICES,
                                            .nid = &office.nid,
                                            .noise_sk = initiator_sk,
                                            .noise_pk = &initiator_pk,
                                            .remote_noise_pk = &office.noise_pk,
                                            .ephemeral = ephemeral,
                                            .hello = "",
                                            .hello_len = 0};
    buffer_init(&wire, 4096);
    assert_int_equal(handshake_new(&h, &config, &wire), GMM_OK);
    bytes("first 72 bytes", wire.p, wire.len);
    handshake_free(h);
    buffer_close(&wire);
}

static void on_opening(void *context, struct buffer *payload)
{
    bytes(context, payload->p, payload->len);
    buffer_close(payload);
}

static void on_told(void *context, size_t ref, bool asked)
{
    (void)context;
    (void)ref;
    (void)asked;
    fail();
}

static void opening(char *name, unsigned logs, bool whole)
{
    uint8_t salt[MESSAGE_RANGES_SALT];
    memset(salt, 20, sizeof salt);
    struct reconcile *r = reconcile_new(salt);
    assert_non_null(r);
    for (unsigned i = 1; i <= logs; i++) {
        struct run_key key = {.group = office.all, .author = office.sign_pk, .instance = i};
        assert_int_equal(reconcile_add(r, &key, i, &office.document, i), GMM_OK);
    }
    const struct reconcile_sink sink = {name, on_opening, on_told};
    reconcile_open(r, whole, &sink);
    reconcile_free(r);
}

static void ranges(void)
{
    char split[] = "opening, SPLIT", sum[] = "opening, one sum", list[] = "opening, LIST";
    opening(split, 40, false);
    opening(sum, 40, true);
    opening(list, 3, false);
}

static void every_value_is_as_documented(void **state)
{
    (void)state;
    identities();
    objects();
    joining();
    groups();
    admission();
    epoch();
    history();
    document();
    erasure();
    padding();
    attachments();
    session();
    ranges();
    for (size_t i = 0; i < EXPECTED; i++)
        if (!seen[i]) {
            wrong++;
            print_error("not made: %s\n", expected[i].name);
        }
    assert_int_equal(wrong, 0);
}

static void squeeze(char *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (!isspace((unsigned char)*text))
            *out++ = *text;
    *out = '\0';
}

/* Not only the values above: each stands there under its name. */
static void every_value_stands_in_the_document(void **state)
{
    const char *source = getenv("GMM_SOURCE");
    static char path[4096], said[1 << 17], plain[1 << 17], wanted[1 << 14];
    unsigned missing = 0;
    (void)state;
    if (source == NULL)
        skip(); /* run by ctest, which names the source */
    snprintf(path, sizeof path, "%s/docs/vectors.md", source);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(said, 1, sizeof said - 1, f);
    fclose(f);
    assert_true(n > 0 && n < sizeof said - 1);
    said[n] = '\0';
    squeeze(plain, said);
    for (size_t i = 0; i < EXPECTED; i++) {
        size_t len = (size_t)snprintf(said, sizeof said, "%s%s", expected[i].name, expected[i].value);
        assert_true(len < sizeof wanted);
        squeeze(wanted, said);
        if (strstr(plain, wanted) == NULL) {
            print_error("not in docs/vectors.md: %s\n", expected[i].name);
            missing++;
        }
    }
    assert_int_equal(missing, 0);
}

static int open_secrets(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK;
}

static int close_secrets(void **state)
{
    (void)state;
    secret_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_value_is_as_documented),
                                       cmocka_unit_test(every_value_stands_in_the_document)};
    return cmocka_run_group_tests(tests, open_secrets, close_secrets);
}

//===- SPNNAll.td - Everything TableGen generates from -----*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Includes every definition of the dialect, so that one run of mlir-tblgen sees all.
//
//===----------------------------------------------------------------------===//
include "spnn/IR/SPNNOps.td"
include "spnn/IR/SPNNMessageOps.td"
include "spnn/IR/SPNNTrainingOps.td"
include "spnn/IR/SPNNKernelOps.td"
include "spnn/IR/SPNNColumnOps.td"

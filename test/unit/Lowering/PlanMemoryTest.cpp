//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans of random functions, checked by running them: every byte of the arena remembers which buffer wrote it last, and
// every read wants its own.
//
//===----------------------------------------------------------------------===//
#include "spnn/InitAll.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "spnn/IR/SPNN.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace mlir;
using namespace spnn;

namespace {

MLIRContext &getContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    spnn::registerDialect(registry);
    auto *created = new MLIRContext(registry);
    created->allowUnregisteredDialects();
    created->loadAllAvailableDialects();
    return created;
  }();
  return *context;
}

/// Writes the text of a function with random buffers. test.name ties an alloc to its number, test.write fills a buffer,
/// test.read wants what was written, test.copy reads its first operand while it writes its second.
class Generator {
public:
  explicit Generator(unsigned seed) : random(seed) {}

  std::string run() {
    text = "func.func @f(%n: index, %m: memref<?xf32>, %flag: i1) {\n"
           "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c2 = arith.constant 2 : index\n";
    emitBlock(10 + pick(15), 0);
    text += "  return\n}\n";
    return text;
  }

private:
  struct Value {
    std::string name, type;
    bool isWritten;
  };

  int pick(int bound) { return static_cast<int>(random() % bound); }
  std::string fresh() { return "%v" + std::to_string(next++); }
  void line(const std::string &statement) { text += "  " + statement + "\n"; }

  void emitBlock(int statements, int depth) {
    size_t outer = values.size();
    for (int i = 0; i < statements; ++i)
      emitStatement(depth);
    values.resize(outer);
  }

  void emitStatement(int depth) {
    int kind = pick(10);
    if (values.empty() || kind < 3)
      return emitAlloc();
    Value &value = values[pick(values.size())];
    switch (kind) {
    case 3:
      value.isWritten = true;
      return line("\"test.write\"(" + value.name + ") : (" + value.type + ") -> ()");
    case 4:
    case 5:
      if (value.isWritten)
        line("\"test.read\"(" + value.name + ") : (" + value.type + ") -> ()");
      return;
    case 6: {
      Value &target = values[pick(values.size())];
      if (!value.isWritten || value.name == target.name)
        return;
      line("\"test.copy\"(" + value.name + ", " + target.name + ") : (" + value.type + ", " + target.type + ") -> ()");
      target.isWritten = true;
      return;
    }
    case 7: { // another name for the same memory; writes through either are seen through both
      if (value.type != "memref<?xf32>" && value.type != "memref<16xf32>")
        return;
      std::string name = fresh(), type = value.type == "memref<?xf32>" ? "memref<16xf32>" : "memref<?xf32>";
      line(name + " = memref.cast " + value.name + " : " + value.type + " to " + type);
      // Read-only from here on, so that what is written stays known.
      values.push_back({name, type, value.isWritten});
      return;
    }
    case 8: { // one of two
      Value &other = values[pick(values.size())];
      if (value.type != other.type)
        return;
      std::string name = fresh();
      line(name + " = arith.select %flag, " + value.name + ", " + other.name + " : " + value.type);
      values.push_back({name, value.type, value.isWritten && other.isWritten});
      return;
    }
    default:
      if (depth == 2)
        return;
      line("scf.for %i" + std::to_string(next++) + " = %c0 to %c2 step %c1 {");
      emitBlock(3 + pick(6), depth + 1);
      line("}");
    }
  }

  void emitAlloc() {
    std::string name = fresh(), type, sizes;
    switch (pick(5)) {
    case 0:
      type = "memref<16xf32>";
      break;
    case 1:
      type = "memref<" + std::to_string(pick(3) * 50) + "xi8>";
      break;
    case 2:
      type = "memref<?xf32>";
      sizes = "%n";
      break;
    case 3: {
      std::string dim = fresh(), sum = fresh();
      line(dim + " = memref.dim %m, %c0 : memref<?xf32>");
      line(sum + " = arith.addi " + dim + ", %n : index");
      type = "memref<?x3x?xf64>";
      sizes = sum + ", %n";
      break;
    }
    default:
      type = "memref<3x7xi16>";
    }
    line(name + " = memref.alloc(" + sizes + ") : " + type);
    line("\"test.name\"(" + name + ") {buffer = " + std::to_string(buffers++) + " : i64} : (" + type + ") -> ()");
    values.push_back({name, type, false});
  }

  std::mt19937 random;
  std::string text;
  std::vector<Value> values;
  int next = 0, buffers = 0;
};

/// Runs a planned function.
class Machine {
public:
  Machine(int64_t n, int64_t extent, bool flag) : n(n), extent(extent), flag(flag) {}

  void run(func::FuncOp function) {
    numbers[function.getArgument(0)] = n;
    runBlock(function.getBody().front(), function);
  }

private:
  struct Place {
    int64_t begin, bytes;
  };

  int64_t number(Value value) {
    EXPECT_TRUE(numbers.count(value));
    return numbers[value];
  }

  Place place(Value value) {
    EXPECT_TRUE(places.count(value));
    return places[value];
  }

  void write(Place place, uint64_t stamp) {
    for (int64_t i = 0; i < place.bytes; ++i)
      memory[place.begin + i] = stamp;
  }

  void runBlock(Block &block, func::FuncOp function) {
    for (Operation &op : block) {
      runOp(op, function);
      if (testing::Test::HasFailure())
        return;
    }
  }

  void runOp(Operation &op, func::FuncOp function) {
    if (auto constant = dyn_cast<arith::ConstantIndexOp>(op)) {
      numbers[constant.getResult()] = constant.value();
    } else if (isa<arith::AddIOp>(op)) {
      numbers[op.getResult(0)] = number(op.getOperand(0)) + number(op.getOperand(1));
    } else if (isa<arith::MulIOp>(op)) {
      numbers[op.getResult(0)] = number(op.getOperand(0)) * number(op.getOperand(1));
    } else if (isa<arith::MaxSIOp>(op)) {
      numbers[op.getResult(0)] = std::max(number(op.getOperand(0)), number(op.getOperand(1)));
    } else if (isa<arith::CeilDivUIOp>(op)) {
      int64_t divisor = number(op.getOperand(1));
      numbers[op.getResult(0)] = (number(op.getOperand(0)) + divisor - 1) / divisor;
    } else if (isa<memref::DimOp>(op)) {
      numbers[op.getResult(0)] = extent;
    } else if (auto arena = dyn_cast<ArenaOp>(op)) {
      EXPECT_EQ(memory.size(), 0u) << "two arenas";
      memory.resize(number(arena.getBytes()));
    } else if (auto view = dyn_cast<memref::ViewOp>(op)) {
      MemRefType type = view.getType();
      int64_t bytes = type.getElementTypeBitWidth() / 8;
      auto sizes = view.getSizes().begin();
      for (int64_t size : type.getShape())
        bytes *= ShapedType::isDynamic(size) ? number(*sizes++) : size;
      int64_t begin = number(view.getByteShift());
      EXPECT_EQ(begin % 64, 0) << "not aligned";
      EXPECT_LE(begin + bytes, static_cast<int64_t>(memory.size())) << "beyond the arena";
      places[view.getResult()] = {begin, bytes};
    } else if (isa<memref::CastOp>(op)) {
      places[op.getResult(0)] = place(op.getOperand(0));
    } else if (isa<arith::SelectOp>(op)) {
      places[op.getResult(0)] = place(op.getOperand(flag ? 1 : 2));
      owners[op.getResult(0)] = owners[op.getOperand(flag ? 1 : 2)];
      return;
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      for (int64_t i = number(loop.getLowerBound()); i < number(loop.getUpperBound()); ++i)
        runBlock(*loop.getBody(), function);
    } else if (op.getName().getStringRef() == "test.name") {
      owners[op.getOperand(0)] = op.getAttrOfType<IntegerAttr>("buffer").getInt();
    } else if (op.getName().getStringRef() == "test.write") {
      stamp(op.getOperand(0));
    } else if (op.getName().getStringRef() == "test.read") {
      expectOwn(op.getOperand(0));
    } else if (op.getName().getStringRef() == "test.copy") {
      // Byte by byte, reads and writes interleave: both must survive the op.
      bool same = ownerOf(op.getOperand(0)) == ownerOf(op.getOperand(1));
      stamp(op.getOperand(1));
      if (!same)
        expectOwn(op.getOperand(0));
    } else {
      EXPECT_TRUE((isa<scf::YieldOp, func::ReturnOp>(op))) << "unexpected op " << op.getName().getStringRef().str();
    }
    if (isa<memref::CastOp>(op))
      owners[op.getResult(0)] = owners[op.getOperand(0)];
  }

  int64_t ownerOf(Value value) { return owners[value]; }
  void stamp(Value value) { write(place(value), ownerOf(value) + 1); }
  void expectOwn(Value value) {
    Place at = place(value);
    for (int64_t i = 0; i < at.bytes; ++i)
      ASSERT_EQ(memory[at.begin + i], static_cast<uint64_t>(ownerOf(value) + 1)) << "byte " << i << " was overwritten";
  }

  int64_t n, extent;
  bool flag;
  llvm::DenseMap<Value, int64_t> numbers;
  llvm::DenseMap<Value, Place> places;
  llvm::DenseMap<Value, int64_t> owners;
  std::vector<uint64_t> memory;
};

TEST(PlanMemory, RandomFunctions) {
  int planned = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::string text = Generator(seed).run();
    SCOPED_TRACE(text);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &getContext());
    ASSERT_TRUE(module);
    PassManager pm(&getContext());
    pm.addNestedPass<func::FuncOp>(createPlanMemory());
    ASSERT_TRUE(succeeded(pm.run(*module)));
    auto function = *module->getOps<func::FuncOp>().begin();
    bool isLeft = false;
    function.walk([&](memref::AllocOp) { isLeft = true; });
    EXPECT_FALSE(isLeft);
    ++planned;
    for (int64_t n : {0, 1, 5, 40})
      for (bool flag : {false, true}) {
        Machine(n, 7, flag).run(function);
        ASSERT_FALSE(testing::Test::HasFailure()) << "n = " << n;
      }
  }
  EXPECT_EQ(planned, 400);
}

// A chain of buffers, each used only by the next, takes two slots whatever its length.
TEST(PlanMemory, ChainTakesTwoSlots) {
  std::string text = "func.func @f(%in: memref<16xf32>) {\n";
  std::string last = "%in";
  for (int i = 0; i < 20; ++i) {
    std::string name = "%v" + std::to_string(i);
    text += name + " = memref.alloc() : memref<16xf32>\n";
    text += "memref.copy " + last + ", " + name + " : memref<16xf32> to memref<16xf32>\n";
    last = name;
  }
  text += "memref.copy " + last + ", %in : memref<16xf32> to memref<16xf32>\nreturn\n}\n";
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &getContext());
  ASSERT_TRUE(module);
  PassManager pm(&getContext());
  pm.addNestedPass<func::FuncOp>(createPlanMemory());
  ASSERT_TRUE(succeeded(pm.run(*module)));
  std::set<void *> offsets;
  module->walk([&](memref::ViewOp view) { offsets.insert(view.getByteShift().getAsOpaquePointer()); });
  EXPECT_EQ(offsets.size(), 2u);
}

} // namespace

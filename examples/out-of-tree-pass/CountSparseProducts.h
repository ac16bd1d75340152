// The pass count-sparse-products.
#ifndef COUNTSPARSEPRODUCTS_H
#define COUNTSPARSEPRODUCTS_H

/// Makes the pass known by its flag.
void registerCountSparseProducts();

#endif // COUNTSPARSEPRODUCTS_H

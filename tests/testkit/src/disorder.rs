//! Orders in which things can come.

/// Every order in which `things` can come.
pub fn permutations<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in things.iter().enumerate() {
        let mut rest = things.to_vec();
        rest.remove(index);
        for mut permutation in permutations(&rest) {
            permutation.insert(0, first.clone());
            all.push(permutation);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_is_there_once() {
        assert_eq!(permutations::<char>(&[]), [Vec::<char>::new()]);
        let [abc, acb, bac, bca, cab, cba] = ["abc", "acb", "bac", "bca", "cab", "cba"]
            .map(|order| order.chars().collect::<Vec<_>>());
        assert_eq!(permutations(&['a', 'b', 'c']), [abc, acb, bac, bca, cab, cba]);
    }
}

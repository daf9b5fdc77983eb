// Galleries: typical and border images of each cluster, the most confident ones of each class.

class Galleries {
  constructor(root, explorer) {
    this.explorer = explorer;
    this.box = root.querySelector('[data-part="galleries"]');
  }
}

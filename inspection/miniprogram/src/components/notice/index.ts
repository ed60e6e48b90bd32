// What went wrong and what to do; with a button to try again where that may help.

Component({
  properties: {
    message: { type: String, value: '' },
    retry: { type: Boolean, value: true },
  },
  methods: {
    again(): void {
      this.triggerEvent('retry')
    },
  },
})

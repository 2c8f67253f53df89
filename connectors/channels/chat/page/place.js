// Where the device is. Loaded when somebody wants to share it.

/** Rejects where the user will not have it, or it cannot be found. */
export const here = () =>
  new Promise((found, failed) => {
    const tell = ({ coords: { latitude, longitude } }) => found({ latitude, longitude });
    if (navigator.geolocation) navigator.geolocation.getCurrentPosition(tell, failed, { timeout: 15000 });
    else failed();
  });

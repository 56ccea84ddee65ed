const address = new URL("/ws/chat/", location.href);
address.protocol = address.protocol.replace("http", "ws");
const socket = new WebSocket(address);
const lines = document.getElementById("chat-lines");
const text = document.getElementById("chat-text");

socket.addEventListener("message", (event) => {
  const said = JSON.parse(event.data);
  const line = document.createElement("li");
  line.textContent = `${said.who}: ${said.text}`;
  lines.append(line);
});

document.getElementById("chat-form").addEventListener("submit", (event) => {
  event.preventDefault();
  socket.send(JSON.stringify({ text: text.value }));
  text.value = "";
});

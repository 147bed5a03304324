const api_key = "th-4fQ9zR1xW8kLm2Vb7Nc0";
fetch("/today?key=" + api_key)
  .then((answer) => answer.text())
  .then((text) => { document.getElementById("today").innerHTML = eval(text); });

using System.Net.Sockets;
using System.Text;

namespace Pyco.Integration.Tests.Support;

/// <summary>A connection to a switch's management socket, ours or vde_switch's.</summary>
internal sealed class ManagementSession : IDisposable
{
    private const string Prompt = "\nvde$ ";

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };

    public ManagementSession(string path)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        ReadToPrompt();
    }

    /// <summary>Gives a command; the answer.</summary>
    public string Do(string command)
    {
        _socket.Send(Encoding.ASCII.GetBytes(command + "\n"));
        return ReadToPrompt();
    }

    public void Dispose() => _socket.Dispose();

    private string ReadToPrompt()
    {
        StringBuilder answer = new();
        byte[] octets = new byte[65_536];
        while (!answer.ToString().EndsWith(Prompt, StringComparison.Ordinal))
        {
            int length = _socket.Receive(octets);
            Assert.That(length, Is.Positive, $"the session ended after: {answer}");
            answer.Append(Encoding.ASCII.GetString(octets, 0, length));
        }
        return answer.ToString(0, answer.Length - Prompt.Length);
    }
}

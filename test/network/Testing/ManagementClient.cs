using System.Text;

namespace Pyco.Network.Tests.Testing;

/// <summary>Somebody at the management socket.</summary>
internal sealed class ManagementClient : IDisposable
{
    private const string Prompt = "\nvde$ ";

    private readonly RawClient _connection;
    private readonly StringBuilder _received = new();

    public ManagementClient(string path)
    {
        _connection = new RawClient(path);
        Greeting = ReadToPrompt();
    }

    /// <summary>What it says before the first prompt.</summary>
    public string Greeting { get; }

    /// <summary>Gives a command; the answer, without the prompt.</summary>
    public string Do(string command)
    {
        _connection.Send(command + "\n");
        return ReadToPrompt();
    }

    /// <summary>The lines between the answer's head and its dot.</summary>
    public string Show(string command)
    {
        string answer = Do(command);
        const string head = "0000 DATA END WITH '.'\n", tail = ".\n1000 Success\n";
        Assert.That(answer, Does.StartWith(head).And.EndsWith(tail));
        return answer[head.Length..^tail.Length];
    }

    public void Send(string text) => _connection.Send(text);

    public string ReceiveAll() => _connection.ReceiveAll();

    /// <summary>The next line that comes without being asked for.</summary>
    public string ReadLine()
    {
        int end;
        while ((end = _received.ToString().IndexOf('\n', StringComparison.Ordinal)) < 0)
            Receive();
        string line = _received.ToString(0, end);
        _received.Remove(0, end + 1);
        return line;
    }

    public string ReadToPrompt()
    {
        int end;
        while ((end = _received.ToString().IndexOf(Prompt, StringComparison.Ordinal)) < 0)
            Receive();
        string answer = _received.ToString(0, end);
        _received.Remove(0, end + Prompt.Length);
        return answer;
    }

    public void Dispose() => _connection.Dispose();

    private void Receive()
    {
        byte[] octets = _connection.Receive();
        Assert.That(octets, Is.Not.Empty, $"it ended after: {_received}");
        _received.Append(Encoding.UTF8.GetString(octets));
    }
}

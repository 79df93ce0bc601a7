namespace Pyco.Host.Tests.Testing;

/// <summary>A connection between two abstract names that another process has made, as the kernel's credentials show.</summary>
internal sealed class ForeignConnection : IDisposable
{
    private const string Script = """
        import socket, sys
        connection = socket.socket(socket.AF_UNIX)
        connection.bind("\0" + sys.argv[2])
        connection.connect("\0" + sys.argv[1])
        print("connected", flush=True)
        sys.stdin.read()
        """;

    private readonly HelperProcess _process;

    /// <param name="to">The name of the listening socket.</param>
    /// <param name="from">The name of its own end.</param>
    public ForeignConnection(string to, string from)
    {
        _process = HelperProcess.Start("python3", "-c", Script, to, from);
        Assert.That(_process.ReadLine(), Is.EqualTo("connected"));
    }

    public void Dispose() => _process.Dispose();
}

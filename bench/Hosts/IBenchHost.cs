namespace Pyco.Bench.Hosts;

/// <summary>A host on the wire that runs unmodified programs.</summary>
internal interface IBenchHost
{
    string Address { get; }

    /// <summary>Starts a program there.</summary>
    Child Start(params IReadOnlyList<string> command);
}

/// <summary>Two hosts of the same kind on the same wire: what a measure compares with another such pair.</summary>
internal sealed record HostPair(IBenchHost Server, IBenchHost Client)
{
    /// <summary>Waits until the server accepts connections on the port.</summary>
    public void WaitUntilListening(int port)
    {
        string said = "";
        for (int attempt = 0; attempt < 100; attempt++)
        {
            using Child probe = Client.Start("bash", "-c", $"exec 3<>/dev/tcp/{Server.Address}/{port}");
            if (probe.Wait() == 0)
                return;
            said = probe.Errors;
            Interruption.Sleep(TimeSpan.FromMilliseconds(50));
        }
        throw new BenchException($"nothing listens at {Server.Address}:{port}\n{said}");
    }
}

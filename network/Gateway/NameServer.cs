using Pyco.Host;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>
/// Who answers DNS queries outside: the one that was named, or the first of the machine's resolv.conf (resolv.conf(5)),
/// which is read again now and then, because a machine may move to another network.
/// </summary>
/// <param name="named">The one that was named, or null.</param>
/// <param name="path">Where the machine's resolvers are told.</param>
internal sealed class NameServer(IpEndpoint? named, string path = "/etc/resolv.conf")
{
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(5);

    private IpEndpoint? _current;
    private Instant? _readAt;

    /// <summary>The server, or null if the machine has none.</summary>
    public IpEndpoint? Current(Instant now)
    {
        if (named is not null)
            return named;
        if (now - _readAt < ReadInterval)
            return _current;
        _readAt = now;
        _current = Read();
        return _current;
    }

    private IpEndpoint? Read()
    {
        const string keyword = "nameserver";
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                if (words.Length >= 2 && words[0] == keyword && IpAddress.TryParse(words[1], out IpAddress address))
                    return new IpEndpoint(address, NameServerAddress.Port);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // No file, or no descriptor to read it with: as long as that lasts there is no server.
        }
        return null;
    }
}

using System.Globalization;
using System.Text;
using Pyco.Cli.Run;
using Pyco.Host;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Host;

/// <summary>
/// What the launcher tells the stack host. It goes through a pipe, because a command line could be read by every user of
/// the machine and the secret is in it.
/// </summary>
internal sealed record HostOrder(RunOptions Options, HostCredentials Credentials, int ProgramPid)
{
    /// <summary>More than any order needs; a pipe takes this much without a reader.</summary>
    public const int Capacity = 64 * 1024;

    /// <summary>One <c>name=value</c> each line.</summary>
    public string Write()
    {
        StringBuilder text = new();
        void Line(string name, object? value)
        {
            if (value is not null)
                text.Append(CultureInfo.InvariantCulture, $"{name}={value}\n");
        }

        Line("credentials", Credentials.ToEnvironmentValue(0));
        Line("program", ProgramPid);
        foreach (IpPrefix address in Options.Addresses)
            Line("address", address);
        Line("gateway", Options.Gateway);
        Line("network", Options.Network.Path);
        Line("port", Options.Network.Port);
        Line("interface", Options.InterfaceName);
        Line("mac", Options.Mac);
        Line("hostname", Options.HostName);
        Line("mtu", Options.Mtu);
        Line("capture", Options.CaptureFile);
        Line("verbosity", (int)Options.Verbosity);
        Line("command", Path.GetFileName(Options.Program[0]));
        return text.ToString();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It did not.</exception>
    public static HostOrder Read(string text)
    {
        ILookup<string, string> lines = text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .ToLookup(parts => parts[0], parts => parts.Length == 2 ? parts[1] : throw new FormatException("a line without '='"));
        string? Optional(string name) => lines[name].FirstOrDefault();
        string Required(string name) => Optional(name) ?? throw new FormatException($"no {name}");
        int Number(string name) => int.Parse(Required(name), CultureInfo.InvariantCulture);

        if (!HostCredentials.TryParse(Required("credentials"), out HostCredentials? credentials, out _) ||
            !MacAddress.TryParse(Required("mac"), out MacAddress mac))
            throw new FormatException("bad credentials or address");
        RunOptions options = new()
        {
            Addresses = [.. lines["address"].Select(ReadPrefix)],
            Gateway = Optional("gateway") is { } gateway ? IpAddress.Parse(gateway) : null,
            Network = new VnlLocator(Required("network"), Number("port")),
            InterfaceName = Required("interface"),
            Mac = mac,
            HostName = Optional("hostname"),
            Mtu = Optional("mtu") is null ? null : Number("mtu"),
            CaptureFile = Optional("capture"),
            Verbosity = (Verbosity)Number("verbosity"),
            Program = [Required("command")],
        };
        return new HostOrder(options, credentials, Number("program"));
    }

    private static IpPrefix ReadPrefix(string text)
    {
        string[] parts = text.Split('/');
        return new IpPrefix(IpAddress.Parse(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}

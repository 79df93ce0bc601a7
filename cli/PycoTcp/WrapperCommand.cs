using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;
using System.Text;
using Pyco.Cli.Run;
using Pyco.Cli.Startup;
using Pyco.Network;
using Pyco.Stack.Wire;

namespace Pyco.Cli.PycoTcp;

/// <summary>pyco-wrapper: runs a script as PycoTCP's program of that name did, with its options and defaults.</summary>
internal sealed class WrapperCommand
{
    private const string DefaultInterpreter = "python3";

    private readonly ProcessImage _image;
    private readonly RootCommand _root;
    private readonly Option<string> _switchAddress = Text(
        "--switchaddress", "-s", "ADDR", "With -c: the machine's own address on the network.", VdeSetup.DefaultAddress);

    private readonly Option<string> _address = Text("--address", "-a", "ADDR", "Address of the script.", "10.40.0.55");

    private readonly Option<string> _netmask = Text(
        "--netmask", "-n", "NETMASK", "Netmask of both addresses.", "255.255.255.0");

    private readonly Option<string> _file = Text(
        "--filename", "-f", "CTL", "Control directory of the switch.", VdeSetup.DefaultPath);

    private readonly Option<string> _device = Text(
        "--device", "-d", "NAME", "Name of the script's interface and, with -c, of the TAP device.", VdeSetup.DefaultDevice);

    private readonly Option<string> _type = Text("--devtype", "-t", "TYPE", "Type of the device: only vde.", "vde");

    private readonly Option<string> _library = Text(
        "--library", "-l", "LIBRARY", "picotcp, fdpicotcp or lwipv6: taken, and the stack is PycoShim's own all the same.", "picotcp");

    private readonly Option<string[]> _parameters = new("--parameters", "-p")
    {
        HelpName = "ARG",
        Description = "Arguments for the script: all that follow.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _create = new("--create", "-c")
    {
        Description = "Make the network first, with a TAP device for the machine; needs root. pyco-vde-setup stop ends it.",
        Arity = ArgumentArity.Zero,
    };

    private readonly Option<bool> _version = new("--version") { Description = "Show the version and exit.", Arity = ArgumentArity.Zero };

    private readonly Argument<string> _script = new("SCRIPT") { Description = "The script: run as it is if it is executable, else by python3." };

    public WrapperCommand(ProcessImage image, string name)
    {
        _image = image;
        _root = new RootCommand("Runs a script as a host of its own, with the options of PycoTCP's pyco-wrapper. pyco-run does more.")
        {
            _switchAddress, _address, _netmask, _file, _device, _type, _library, _parameters, _create, _script,
        };
        _root.HelpName = name;
        _root.Directives.Clear();
        _root.Options.Remove(_root.Options.OfType<VersionOption>().Single()); // which would tell the number alone
        _root.Options.Add(_version);
    }

    public int Run(string[] arguments)
    {
        (string[] ours, string[] parameters) = SplitParameters(arguments);
        ParseResult words = _root.Parse(ours, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (words.GetValue(_version))
        {
            Terminal.Out($"{Names.PycoWrapper} {ProductVersion.Own}\n");
            return ExitStatus.Success;
        }
        if ((new OptionWords(_root.Options).FindMistake(ours) ?? FindMistake(words)) is { } mistake)
            throw LaunchException.Mistake(mistake);
        _root.SetAction(result => Start(result, parameters));
        return words.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private string? FindMistake(ParseResult words)
    {
        // The parser takes what it does not know for the script; ./-x names one that begins so.
        string script = words.GetResult(_script) is { Tokens: [Token first, ..] } ? first.Value : "";
        string? unknown = words.UnmatchedTokens.Prepend(script).FirstOrDefault(word => word.StartsWith('-'));
        return unknown is not null ? $"unknown option '{unknown}'"
            : words.UnmatchedTokens is [string word, ..] ? $"'{word}' is one word too many: the script's arguments come behind -p"
            : words.Errors is [ParseError error, ..] ? ParseMistake.Describe(error)
            : null;
    }

    /// <summary>All behind -p is the script's, hyphens included.</summary>
    private static (string[] Ours, string[] Parameters) SplitParameters(string[] arguments)
    {
        int index = Array.FindIndex(arguments, word => word is "-p" or "--parameters");
        return index < 0 ? (arguments, []) : (arguments[..index], arguments[(index + 1)..]);
    }

    private int Start(ParseResult words, string[] parameters)
    {
        string script = words.GetRequiredValue(_script);
        if (!File.Exists(script))
            throw new LaunchException($"there is no script {script}", ExitStatus.NotFound);
        if (words.GetRequiredValue(_type) != "vde")
            throw LaunchException.Mistake($"devices of type '{words.GetValue(_type)}' are not supported: only vde is");
        if (words.GetRequiredValue(_library) is not ("picotcp" or "fdpicotcp" or "lwipv6"))
            throw LaunchException.Mistake($"there is no library '{words.GetValue(_library)}': picotcp, fdpicotcp and lwipv6 are known");
        string file = words.GetRequiredValue(_file);
        if (words.GetValue(_create))
            VdeSetup.Start($"{words.GetValue(_switchAddress)}/{LengthOf(words)}", file, words.GetRequiredValue(_device), new ProgramEnvironment(_image.Environment));
        string[] run =
        [
            "-a", words.GetRequiredValue(_address), "-n", words.GetRequiredValue(_netmask), "-f", file, "-d", words.GetRequiredValue(_device),
            "--", .. WordsFor(script), .. parameters,
        ];
        RunCommand command = new("pyco-wrapper");
        RunOptions options = new RunOptionsReader(command, Environment.GetEnvironmentVariable).Read(command.Parse(run));
        IEnumerable<byte[]> octets = run[..^parameters.Length].Select(Encoding.UTF8.GetBytes);
        new Launcher(_image.With([.. octets, .. _image.Arguments.TakeLast(parameters.Length)])).Run(options);
        return ExitStatus.Success;
    }

    private int LengthOf(ParseResult words)
    {
        string text = words.GetRequiredValue(_netmask);
        return IpAddress.TryParse(text, out IpAddress mask) && mask.IsV4
            ? BitOperations.PopCount(mask.V4)
            : throw LaunchException.Mistake($"'{text}' is not a netmask such as 255.255.255.0");
    }

    /// <summary>PycoTCP ran Python alone; an executable script says itself what runs it.</summary>
    private static string[] WordsFor(string script) =>
        (File.GetUnixFileMode(script) & UnixFileMode.UserExecute) == 0 ? [DefaultInterpreter, script]
        : script.Contains('/', StringComparison.Ordinal) ? [script]
        : [$"./{script}"]; // it is looked for here, and not in $PATH

    private static Option<string> Text(string name, string shortName, string value, string description, string whenMissing) =>
        new(name, shortName) { HelpName = value, Description = description, DefaultValueFactory = _ => whenMissing };
}

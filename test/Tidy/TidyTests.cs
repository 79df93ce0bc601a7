using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Pyco.Tidy.Tests;

/// <summary>Checks the tree itself: what every file has to keep to, whoever wrote it.</summary>
internal sealed partial class TidyTests
{
    private const int LongestFile = 500;
    private static readonly string Root = FindRoot();
    private static readonly string[] Tracked = ListTrackedFiles();

    private static IEnumerable<string> CSharp => Tracked.Where(path => path.EndsWith(".cs", StringComparison.Ordinal));

    [Test]
    public void No_source_file_is_longer_than_500_lines() =>
        Assert.That(CSharp.Where(path => Lines(path).Length > LongestFile), Is.Empty);

    [Test]
    public void Every_unfinished_place_names_its_issue() =>
        Assert.That(
            Tracked.Where(IsSource).SelectMany(path => Find(path, UnfinishedWithoutIssue())), Is.Empty,
            "write 'TO-DO #12: …' (without the hyphen), or do it");

    [Test]
    public void Every_source_file_belongs_to_a_project_of_the_solution()
    {
        string solution = File.ReadAllText(Path.Combine(Root, "PycoShim.sln")).Replace('\\', '/');
        string[] projects = [.. Tracked.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))];

        Assert.That(projects.Where(project => !solution.Contains(project, StringComparison.Ordinal)), Is.Empty);
        string[] folders = [.. projects.Select(project => Path.GetDirectoryName(project) + "/")];
        Assert.That(CSharp.Where(path => !folders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal))), Is.Empty);
    }

    [Test]
    public void Nothing_that_a_build_makes_is_tracked() =>
        Assert.That(Tracked.Where(path => BuiltFile().IsMatch(path)), Is.Empty);

    [Test]
    public void No_tracked_file_is_empty() =>
        Assert.That(Tracked.Where(path => new FileInfo(Path.Combine(Root, path)).Length == 0), Is.Empty);

    [Test]
    public void No_path_of_one_machine_is_in_the_tree() =>
        Assert.That(Tracked.Where(IsSource).SelectMany(path => Find(path, PathOfOneMachine())), Is.Empty);

    [Test]
    public void Every_link_between_documents_leads_somewhere()
    {
        var broken = new List<string>();
        foreach (string document in Tracked.Where(path => path.EndsWith(".md", StringComparison.Ordinal)))
        {
            string folder = Path.Combine(Root, Path.GetDirectoryName(document)!);
            foreach (Match link in RelativeLink().Matches(File.ReadAllText(Path.Combine(Root, document))))
            {
                if (!Path.Exists(Path.Combine(folder, link.Groups[1].Value)))
                    broken.Add($"{document}: {link.Groups[1].Value}");
            }
        }
        Assert.That(broken, Is.Empty);
    }

    private static bool IsSource(string path) =>
        !path.StartsWith("test/Tidy/", StringComparison.Ordinal) && Text().IsMatch(path);

    private static IEnumerable<string> Find(string path, Regex pattern) =>
        Lines(path).Select((line, index) => (line, index))
            .Where(place => pattern.IsMatch(place.line))
            .Select(place => $"{path}:{place.index + 1}: {place.line.Trim()}");

    private static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    private static string[] ListTrackedFiles()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "-z"]) { WorkingDirectory = Root, RedirectStandardOutput = true };
        using Process git = Process.Start(start)!;
        string names = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return
        [
            .. names.Split('\0', StringSplitOptions.RemoveEmptyEntries)
                .Where(path => File.Exists(Path.Combine(Root, path))),
        ];
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PycoShim.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("no PycoShim.sln above the tests");
    }

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b(?!:? ?\(?#\d+)")]
    private static partial Regex UnfinishedWithoutIssue();

    [GeneratedRegex(@"^artifacts/|(^|/)(bin|obj|TestResults)/|\.(dll|so|exe|trx|nupkg)$")]
    private static partial Regex BuiltFile();

    [GeneratedRegex(@"(?<![\w.])/(home|Users|root|work|workspace)/\w")]
    private static partial Regex PathOfOneMachine();

    [GeneratedRegex(@"\.(cs|csproj|props|targets|sh|c|h|py|md|map|ld)$|^scripts/|^Makefile$")]
    private static partial Regex Text();

    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")]
    private static partial Regex RelativeLink();
}

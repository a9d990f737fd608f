// opencv CFG WEIGHTS SECONDS: times OpenCV's network on random pictures, one thread: median milliseconds
#include <opencv2/dnn.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

static int key(const char *cfg, const std::string &name)
{
    std::ifstream in(cfg);
    for (std::string line; std::getline(in, line);)
        if (line.rfind(name + "=", 0) == 0) return std::stoi(line.substr(name.size() + 1));
    return 0;
}

static double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int main(int argc, char **argv)
{
    if (argc < 4) return 2;
    cv::setNumThreads(1);
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(argv[1], argv[2]);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    cv::Mat x(std::vector<int>{1, key(argv[1], "channels"), key(argv[1], "height"), key(argv[1], "width")}, CV_32F);
    cv::randu(x, 0, 1);
    std::vector<double> times;
    std::vector<cv::Mat> out;
    const std::vector<cv::String> names = net.getUnconnectedOutLayersNames();
    for (double end = 0; times.size() < 8 || now() < end;) {
        net.setInput(x);
        double start = now();
        net.forward(out, names);
        times.push_back(now() - start);
        if (times.size() == 3) end = start + std::stod(argv[3]); /* the first three warm up */
    }
    times.erase(times.begin(), times.begin() + 3);
    std::sort(times.begin(), times.end());
    std::printf("%.2f ms\n", 1e3 * times[times.size() / 2]);
}
